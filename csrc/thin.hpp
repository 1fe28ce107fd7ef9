// Greedy thinning of a set by its close pairs: the two readings of DDCUp's diversity step.
#pragma once

#include <cstdint>
#include <vector>

namespace syndr {

// Which member removed each one, itself where only the cap did, -1 for survivors; and the number of the pair that decided,
// -1 where none did.
struct Thinned {
    std::vector<std::int64_t> removed_by, decided_by;
};

// Removal: while two members are close, the closest remaining pair loses its lower-numbered member. That equals one walk
// over the pairs sorted by (distance, i, j), skipping pairs that have already lost a member. Stops at `keep` survivors.
inline Thinned thin_closest_first(std::size_t count, std::size_t pairs, const std::int64_t* i, const std::int64_t* j,
                                  std::size_t keep) {
    Thinned thinned{std::vector<std::int64_t>(count, -1), std::vector<std::int64_t>(count, -1)};
    std::size_t left = count;
    for (std::size_t p = 0; p < pairs && left > keep; ++p) {
        if (thinned.removed_by[std::size_t(i[p])] >= 0 || thinned.removed_by[std::size_t(j[p])] >= 0) continue;
        thinned.removed_by[std::size_t(i[p])] = j[p];
        thinned.decided_by[std::size_t(i[p])] = std::int64_t(p);
        --left;
    }
    return thinned;
}

// Forward: members are taken in order; one is accepted when it is close to none accepted before it, until `keep` are. A
// rejected one names its nearest accepted neighbour: with pairs sorted by distance, the first that meets it.
inline Thinned thin_forward(std::size_t count, std::size_t pairs, const std::int64_t* i, const std::int64_t* j,
                            std::size_t keep) {
    // Pairs grouped by their later member j (i < j), each group still sorted by distance.
    std::vector<std::size_t> first(count + 1, 0), pair(pairs);
    for (std::size_t p = 0; p < pairs; ++p) ++first[std::size_t(j[p]) + 1];
    for (std::size_t m = 0; m < count; ++m) first[m + 1] += first[m];
    std::vector<std::size_t> cursor(first.begin(), first.end() - 1);
    for (std::size_t p = 0; p < pairs; ++p) pair[cursor[std::size_t(j[p])]++] = p;

    Thinned thinned{std::vector<std::int64_t>(count, -1), std::vector<std::int64_t>(count, -1)};
    std::size_t accepted = 0;
    for (std::size_t m = 0; m < count; ++m) {
        for (std::size_t g = first[m]; g < first[m + 1]; ++g) {
            const std::size_t earlier = std::size_t(i[pair[g]]);
            if (thinned.removed_by[earlier] >= 0) continue;
            thinned.removed_by[m] = std::int64_t(earlier);
            thinned.decided_by[m] = std::int64_t(pair[g]);
            break;
        }
        if (thinned.removed_by[m] >= 0) continue;
        if (accepted == keep)
            thinned.removed_by[m] = std::int64_t(m);
        else
            ++accepted;
    }
    return thinned;
}

}  // namespace syndr
