// Concurrent union-find (Anderson and Woll 1991): lock-free, larger root linked under the smaller index.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace syndr {

class DisjointSet {
public:
    explicit DisjointSet(std::size_t size) : parent_(size) {
        for (std::size_t i = 0; i < size; ++i) parent_[i].store(i, std::memory_order_relaxed);
    }

    std::size_t find(std::size_t i) {
        std::size_t parent = parent_[i].load();
        while (parent != i) {
            const std::size_t grandparent = parent_[parent].load();
            // Path halving; a lost race only means that somebody else shortened the path.
            if (grandparent != parent) parent_[i].compare_exchange_weak(parent, grandparent);
            i = grandparent;
            parent = parent_[i].load();
        }
        return i;
    }

    // True means joined for good; false may be outdated by another thread's join.
    bool joined(std::size_t i, std::size_t j) { return find(i) == find(j); }

    void join(std::size_t i, std::size_t j) {
        for (;;) {
            i = find(i);
            j = find(j);
            if (i == j) return;
            if (i > j) std::swap(i, j);
            std::size_t root = j;  // only a root may be linked, and only to a smaller index: no cycles
            if (parent_[j].compare_exchange_strong(root, i)) return;
        }
    }

    // Components numbered 0, 1, ... by their first member. Call when no thread joins any more.
    std::vector<std::int64_t> labels() {
        std::vector<std::int64_t> label(parent_.size());
        std::int64_t next = 0;
        for (std::size_t i = 0; i < parent_.size(); ++i) {
            const std::size_t root = find(i);  // root <= i, so it is labelled before its other members
            label[i] = root == i ? next++ : label[root];
        }
        return label;
    }

private:
    std::vector<std::atomic<std::size_t>> parent_;
};

}  // namespace syndr
