// Concurrent union-find (Anderson and Woll 1991): lock-free, larger root linked under the smaller index.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace syndr {

class DisjointSet {
public:
    using Index = std::uint32_t;

    explicit DisjointSet(std::size_t size) : parent_(size) {
        for (std::size_t i = 0; i < size; ++i) parent_[i].store(Index(i), std::memory_order_relaxed);
    }

    Index find(Index i) {
        Index parent = parent_[i].load();
        while (parent != i) {
            const Index grandparent = parent_[parent].load();
            // Path halving; a lost race only means that somebody else shortened the path.
            if (grandparent != parent) parent_[i].compare_exchange_weak(parent, grandparent);
            i = grandparent;
            parent = parent_[i].load();
        }
        return i;
    }

    // True means joined for good; false may be outdated by another thread's join.
    bool joined(std::size_t i, std::size_t j) { return find(Index(i)) == find(Index(j)); }

    // Whether first, first + 1, ..., last - 1 are all joined.
    bool all_joined(std::size_t first, std::size_t last) {
        for (std::size_t i = first + 1; i < last; ++i)
            if (!joined(first, i)) return false;
        return true;
    }

    // Whether it was this call that joined them.
    bool join(std::size_t a, std::size_t b) {
        Index i = Index(a), j = Index(b);
        for (;;) {
            i = find(i);
            j = find(j);
            if (i == j) return false;
            if (i > j) std::swap(i, j);
            Index root = j;  // only a root may be linked, and only to a smaller index: no cycles
            if (parent_[j].compare_exchange_strong(root, i)) return true;
        }
    }

    // Components of elements places[0], places[1], ..., numbered 0, 1, ... by their first member in this order. Call
    // when no thread joins any more.
    std::vector<std::int64_t> labels(const std::vector<Index>& places) {
        std::vector<std::int64_t> label(places.size()), number(places.size(), -1);
        std::int64_t next = 0;
        for (std::size_t i = 0; i < places.size(); ++i) {
            std::int64_t& known = number[find(places[i])];
            if (known < 0) known = next++;
            label[i] = known;
        }
        return label;
    }

private:
    std::vector<std::atomic<Index>> parent_;
};

}  // namespace syndr
