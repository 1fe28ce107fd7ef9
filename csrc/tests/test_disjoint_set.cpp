// Concurrent union-find against one-threaded relabelling.
#include "disjoint_set.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "check.hpp"

namespace {

using Edges = std::vector<std::pair<std::size_t, std::size_t>>;

// Components by repeated relabelling with the smaller label, then numbered by first member.
std::vector<std::int64_t> naive(std::size_t size, const Edges& edges) {
    std::vector<std::int64_t> label(size);
    for (std::size_t i = 0; i < size; ++i) label[i] = std::int64_t(i);
    for (bool changed = true; changed;) {
        changed = false;
        for (const auto& [i, j] : edges) {
            const std::int64_t low = std::min(label[i], label[j]);
            changed |= label[i] != low || label[j] != low;
            label[i] = label[j] = low;
        }
    }
    std::vector<std::int64_t> number(size, -1);
    std::int64_t next = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (label[i] == std::int64_t(i)) number[i] = next++;
        label[i] = number[std::size_t(label[i])];
    }
    return label;
}

void agree(std::size_t size, const Edges& edges, unsigned threads) {
    syndr::DisjointSet sets(size);
    std::vector<Edges> said_joined(threads);
    std::vector<std::thread> workers;
    workers.reserve(threads);
    for (unsigned t = 0; t < threads; ++t)
        workers.emplace_back([&, t] {
            std::mt19937 random(t);
            for (std::size_t e = t; e < edges.size(); e += threads) {
                sets.join(edges[e].first, edges[e].second);
                const std::size_t i = random() % size, j = random() % size;
                if (sets.joined(i, j)) said_joined[t].emplace_back(i, j);
            }
        });
    for (std::thread& worker : workers) worker.join();
    std::vector<syndr::DisjointSet::Index> places(size);
    std::iota(places.begin(), places.end(), 0u);
    const auto labels = sets.labels(places);
    CHECK(labels == naive(size, edges));
    std::reverse(places.begin(), places.end());  // the same, asked for from the last element to the first
    Edges reversed = edges;
    for (auto& [i, j] : reversed) i = size - 1 - i, j = size - 1 - j;
    CHECK(sets.labels(places) == naive(size, reversed));
    if (size > 0)
        CHECK(sets.all_joined(0, size) == std::all_of(labels.begin(), labels.end(), [](auto l) { return l == 0; }));
    for (const Edges& said : said_joined)  // "joined" is said for good, even amid the others' joins
        for (const auto& [i, j] : said) CHECK(labels[i] == labels[j]);
}

}  // namespace

int main() {
    agree(0, {}, 1);
    agree(1, {{0, 0}}, 1);
    std::mt19937 random(3);
    for (unsigned threads = 1; threads <= 4; ++threads)
        for (const std::size_t size : {2u, 10u, 300u, 2000u}) {
            Edges chain, star, scattered;
            for (std::size_t i = 1; i < size; ++i) {
                chain.emplace_back(i - 1, i);
                star.emplace_back(size - 1, i - 1);
                if (i % 2) scattered.emplace_back(random() % size, random() % size);
            }
            std::shuffle(chain.begin(), chain.end(), random);
            for (const Edges& edges : {chain, star, scattered}) agree(size, edges, threads);
        }
    // Everybody joins the same few members at once: the most contended case.
    Edges crowd;
    for (std::size_t n = 0; n < 40000; ++n) crowd.emplace_back(n % 7, 7 + n % 5);
    agree(12, crowd, 4);
}
