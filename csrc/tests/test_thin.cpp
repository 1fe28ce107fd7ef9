// Both thinnings against their literal readings on small distance matrices full of ties.
#include "thin.hpp"

#include <algorithm>
#include <random>
#include <tuple>

#include "check.hpp"

namespace {

struct Pairs {
    std::vector<std::int64_t> i, j;
    std::vector<int> distance;
};

Pairs sorted_below(const std::vector<std::vector<int>>& distance, int threshold) {
    std::vector<std::tuple<int, std::int64_t, std::int64_t>> all;
    for (std::size_t i = 0; i < distance.size(); ++i)
        for (std::size_t j = i + 1; j < distance.size(); ++j)
            if (distance[i][j] < threshold) all.emplace_back(distance[i][j], i, j);
    std::sort(all.begin(), all.end());
    Pairs pairs;
    for (const auto& [d, i, j] : all) {
        pairs.i.push_back(i);
        pairs.j.push_back(j);
        pairs.distance.push_back(d);
    }
    return pairs;
}

// Remove the lower-numbered member of the closest pair left, again and again.
std::vector<bool> removal(const std::vector<std::vector<int>>& distance, int threshold, std::size_t keep) {
    std::vector<bool> alive(distance.size(), true);
    std::size_t left = distance.size();
    while (left > keep) {
        int closest = threshold;
        std::size_t lower = 0;
        for (std::size_t i = 0; i < distance.size(); ++i)
            for (std::size_t j = i + 1; j < distance.size(); ++j)
                if (alive[i] && alive[j] && distance[i][j] < closest) {
                    closest = distance[i][j];
                    lower = i;
                }
        if (closest == threshold) break;
        alive[lower] = false;
        --left;
    }
    return alive;
}

std::vector<bool> forward(const std::vector<std::vector<int>>& distance, int threshold, std::size_t keep) {
    std::vector<bool> accepted(distance.size(), false);
    std::size_t count = 0;
    for (std::size_t m = 0; m < distance.size(); ++m) {
        bool close = count == keep;
        for (std::size_t e = 0; e < m; ++e) close |= accepted[e] && distance[e][m] < threshold;
        accepted[m] = !close;
        count += !close;
    }
    return accepted;
}

void check_reasons(const syndr::Thinned& thinned, const Pairs& pairs, const std::vector<bool>& survives) {
    for (std::size_t m = 0; m < survives.size(); ++m) {
        const std::int64_t by = thinned.removed_by[m], pair = thinned.decided_by[m];
        CHECK((by < 0) == survives[m]);
        if (pair < 0) continue;
        const auto p = std::size_t(pair);
        CHECK(std::minmax(pairs.i[p], pairs.j[p]) == std::minmax(by, std::int64_t(m)));
    }
}

}  // namespace

int main() {
    std::mt19937 random(11);
    for (int trial = 0; trial < 2000; ++trial) {
        const std::size_t size = random() % 14;
        const int values = 1 + int(random() % 12), threshold = int(random() % 13);
        std::vector<std::vector<int>> distance(size, std::vector<int>(size, 0));
        for (std::size_t i = 0; i < size; ++i)
            for (std::size_t j = i + 1; j < size; ++j) distance[i][j] = distance[j][i] = int(random() % unsigned(values));
        const Pairs pairs = sorted_below(distance, threshold);
        for (std::size_t keep = 0; keep <= size; ++keep) {
            const auto removed = syndr::thin_closest_first(size, pairs.i.size(), pairs.i.data(), pairs.j.data(), keep);
            check_reasons(removed, pairs, removal(distance, threshold, keep));
            const auto passed = syndr::thin_forward(size, pairs.i.size(), pairs.i.data(), pairs.j.data(), keep);
            const auto accepted = forward(distance, threshold, keep);
            check_reasons(passed, pairs, accepted);
            for (std::size_t m = 0; m < size; ++m) {
                if (accepted[m]) continue;
                // The reason names the nearest accepted before it; the cap only where there is none.
                int nearest = threshold;
                for (std::size_t e = 0; e < m; ++e)
                    if (accepted[e]) nearest = std::min(nearest, distance[e][m]);
                const auto by = std::size_t(passed.removed_by[m]);
                CHECK(nearest == threshold ? by == m && passed.decided_by[m] < 0
                                           : accepted[by] && distance[by][m] == nearest);
            }
        }
    }
}
