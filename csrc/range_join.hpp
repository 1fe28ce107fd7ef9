// Exact join: every pair with cosine distance < radius and |label gap| < gap, without looking at every pair closely; of
// one set of rows with itself, or of two sets with each other.
//
// Rows stand in label order, so that only tiles whose labels come near can hold an edge. In a tile, short 8-bit rows rule
// most pairs out (filter_rows.hpp), whole 8-bit rows decide most of the rest (byte_rows.hpp), float64 what is left
// (pair_decider.hpp). Tiles in which much is left open get one float32 product of all their rows first, which bounds the
// cost whatever the data.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "disjoint_set.hpp"
#include "pair_decider.hpp"
#include "prepared_rows.hpp"

namespace syndr {

struct Link {
    std::size_t a, b;
};

struct Pair {
    std::int64_t i, j;  // numbers, i < j
    double distance;
};

// What a join did, in pairs but for the tiles.
struct JoinCounts {
    std::uint64_t tiles = 0, tiles_joined = 0, tiles_by_product = 0;  // looked at; skipped; decided by one product
    std::uint64_t compared = 0, candidates = 0, joined = 0;           // by short rows; left over; joined already
    std::uint64_t by_bytes = 0, by_float32 = 0, by_float64 = 0;       // what decided the others
    std::uint64_t edges = 0;

    void add(const JoinCounts& other) {
        tiles += other.tiles, tiles_joined += other.tiles_joined, tiles_by_product += other.tiles_by_product;
        compared += other.compared, candidates += other.candidates, joined += other.joined;
        by_bytes += other.by_bytes, by_float32 += other.by_float32, by_float64 += other.by_float64;
        edges += other.edges;
    }
};

class RangeJoin {
public:
    static constexpr std::size_t kMostDims = PreparedRows::kMostDims;
    using Prepared = std::shared_ptr<const PreparedRows>;

    // Of rows with themselves. `view` and `norms` must outlive the join; labels and the filter's arrays only this call.
    RangeJoin(const MatrixView& view, const double* norms, const JoinSettings& settings, Job& job)
        : view_(view), norms_(norms), settings_(settings),
          a_(std::make_shared<PreparedRows>(view, norms, settings, job)), b_(a_), shift_(0) {
        plan_tasks(std::clamp<std::size_t>(a_->blocks() / 32, 1, kMostSide));
    }

    // Of rows `a` with rows `b`, none of them in both, or with themselves where both are one; prepared alike. The numbers
    // of `b` go on behind those of `a`. Few large tasks: for one thread.
    RangeJoin(const MatrixView& view, const double* norms, JoinSettings settings, Prepared a, Prepared b)
        : view_(view), norms_(norms), settings_(std::move(settings)), a_(std::move(a)), b_(std::move(b)),
          shift_(a_ == b_ ? 0 : a_->size()) {
        if (a_->short_rows().kept() != b_->short_rows().kept() || !a_->whole_rows() != !b_->whole_rows() ||
            a_->labelled() != b_->labelled())
            throw std::invalid_argument(
                "rows must be prepared alike to be joined: with one filter, and both with whole rows or without");
        plan_tasks(kMostSide);
    }

    std::size_t tasks() const { return tasks_.size(); }
    const JoinCounts& counts() const { return counts_; }

    // Connected components of rows joined with themselves, numbered by first member.
    std::vector<std::int64_t> components(Job& job) {
        Joining joining(*this);
        scan(joining, 0, tasks_.size(), job);
        return joining.sets.labels(a_->places());
    }

    // Edges that join what is not joined yet, none of them more than needed: with those that `groups` stands for, a
    // spanning forest. Rows (by number) of one group are joined already. Pairs of numbers, in no order.
    std::vector<Link> forest(const std::vector<std::int64_t>& groups, Job& job) {
        if (groups.size() != shift_ + b_->size()) throw std::invalid_argument("groups must have one entry per row");
        Joining joining(*this);
        std::unordered_map<std::int64_t, std::size_t> first;
        for (std::size_t place = 0; place < groups.size(); ++place)
            joining.sets.join(place, first.try_emplace(groups[number(place)], place).first->second);
        joining.links.resize(job.threads());
        scan(joining, 0, tasks_.size(), job);
        std::vector<Link> all;
        for (const auto& links : joining.links)
            for (const Link& link : links) all.push_back({number(link.a), number(link.b)});
        return all;
    }

    // The edges that tasks first, ..., last - 1 find, sorted by (distance, i, j).
    std::vector<Pair> pairs(std::size_t first, std::size_t last, Job& job) {
        Collecting collecting{std::vector<std::vector<Pair>>(job.threads())};
        scan(collecting, first, std::min(last, tasks_.size()), job);
        std::vector<Pair> all = std::move(collecting.found[0]);
        for (std::size_t worker = 1; worker < collecting.found.size(); ++worker) {
            all.insert(all.end(), collecting.found[worker].begin(), collecting.found[worker].end());
            collecting.found[worker] = {};
        }
        std::sort(all.begin(), all.end(), [](const Pair& a, const Pair& b) {
            return std::tie(a.distance, a.i, a.j) < std::tie(b.distance, b.i, b.j);
        });
        return all;
    }

private:
    static constexpr std::size_t kBlock = PreparedRows::kBlock;
    static constexpr std::size_t kMostSide = 16;
    static constexpr std::size_t kWords = kBlock / 64;
    static_assert(kBlock % 64 == 0);

    struct Task {
        std::uint32_t first_a, last_a, first_b, last_b;  // blocks
    };

    // What components want of a pair: to know its verdict, unless its ends are joined already. Places of `b` go on behind
    // those of `a`, as the numbers do.
    struct Joining {
        static constexpr bool kDistances = false;
        explicit Joining(const RangeJoin& join)
            : sets(join.shift_ + join.b_->size()), join(join), uniform(join.shift_blocks() + join.b_->blocks()) {}

        DisjointSet sets;
        std::vector<std::vector<Link>> links;  // of places; a thread's own; none when nobody asks for them

        bool settled(std::size_t a, std::size_t b) { return sets.joined(a, join.shift_ + b); }
        bool settled_tile(std::size_t a, std::size_t b) {
            return all_joined(a, 0, 0, *join.a_) && all_joined(b, join.shift_, join.shift_blocks(), *join.b_) &&
                   sets.joined(a * kBlock, join.shift_ + b * kBlock);
        }
        void edge(std::size_t a, std::size_t b, unsigned worker) {
            if (sets.join(a, join.shift_ + b) && !links.empty()) links[worker].push_back({a, join.shift_ + b});
        }

    private:
        bool all_joined(std::size_t block, std::size_t shift, std::size_t shift_blocks, const PreparedRows& rows) {
            std::atomic<bool>& known = uniform[shift_blocks + block];
            if (known) return true;
            const std::size_t last = std::min(rows.size(), (block + 1) * kBlock);
            const bool now = sets.all_joined(shift + block * kBlock, shift + last);
            if (now) known = true;
            return now;
        }

        const RangeJoin& join;
        std::vector<std::atomic<bool>> uniform;  // blocks whose rows are all joined
    };

    // What pairs want: the distance of every edge.
    struct Collecting {
        static constexpr bool kDistances = true;
        std::vector<std::vector<Pair>> found;

        bool settled(std::size_t, std::size_t) { return false; }
        bool settled_tile(std::size_t, std::size_t) { return false; }
    };

    struct Open {
        std::uint32_t a, b;  // places, each among its own rows
    };

    // A thread's own.
    struct Worker {
        explicit Worker(const RangeJoin& join)
            : decider(join.view_, join.norms_, join.settings_.radius, join.settings_.kernel),
              short_rows(kMostSide * kBlock * join.a_->short_rows().kept()),
              lifted(join.a_->whole_rows() ? join.a_->whole_rows()->stride() : 0) {}

        PairDecider decider;
        Aligned<std::int8_t> short_rows;
        std::int32_t bars[kMostSide * kBlock];
        std::uint64_t words[kBlock * kWords];
        Aligned<std::uint8_t> lifted;
        std::uint32_t row[kBlock];  // candidates of one row
        std::vector<Open> open;
        std::unique_ptr<Aligned<float>> unit_a, unit_b, products;  // of tiles decided by one product
        JoinCounts counts;
    };

    std::size_t shift_blocks() const { return a_ == b_ ? 0 : a_->blocks(); }

    // The number of a place, counted through both sides.
    std::size_t number(std::size_t place) const {
        return place < shift_ ? a_->number(place) : shift_ + b_->number(place - shift_);
    }

    // Each task is a square of tiles, whose whole rows stay in the last-level cache while they meet each other. Those on
    // the diagonal come first: they join what lies close together, and joined rows need no further look.
    void plan_tasks(std::size_t side) {
        const auto last = [&](std::size_t first, const PreparedRows& rows) {
            return std::uint32_t(std::min(rows.blocks(), first + side));
        };
        std::vector<Task> rest;
        for (std::size_t a = 0; a < a_->blocks(); a += side)
            for (std::size_t b = a_ == b_ ? a : 0; b < b_->blocks(); b += side) {
                const Task task{std::uint32_t(a), last(a, *a_), std::uint32_t(b), last(b, *b_)};
                if (!too_far(a, task.last_a - 1, b, task.last_b - 1)) (b == a && a_ == b_ ? tasks_ : rest).push_back(task);
            }
        tasks_.insert(tasks_.end(), rest.begin(), rest.end());
    }

    // Whether the labels of some blocks of `a` all lie a whole gap below or above those of some blocks of `b`.
    bool too_far(std::size_t first_a, std::size_t last_a, std::size_t first_b, std::size_t last_b) const {
        return a_->labelled() && !(b_->first_label(first_b) - a_->last_label(last_a) < settings_.gap &&
                                   a_->first_label(first_a) - b_->last_label(last_b) < settings_.gap);
    }

    template <class Sink>
    void scan(Sink& sink, std::size_t first, std::size_t last, Job& job) {
        std::vector<std::unique_ptr<Worker>> workers(job.threads());
        job.run(last > first ? last - first : 0, [&](std::size_t task, unsigned number) {
            if (!workers[number]) workers[number] = std::make_unique<Worker>(*this);
            Worker& worker = *workers[number];
            const Task& work = tasks_[first + task];
            std::uint32_t unpacked = 0;  // a bit for each block of the first side
            for (std::size_t b = work.first_b; b < work.last_b; ++b)
                for (std::size_t a = work.first_a; a < work.last_a && !job.stopping(); ++a) {
                    if ((a_ == b_ && b < a) || too_far(a, a, b, b)) continue;
                    if (sink.settled_tile(a, b)) {
                        ++worker.counts.tiles_joined;
                        continue;
                    }
                    const std::size_t at = (a - work.first_a) * kBlock;
                    const FilterRows& shorts = a_->short_rows();
                    std::int8_t* rows = worker.short_rows.data() + at * shorts.kept();
                    if (!(unpacked >> (a - work.first_a) & 1)) shorts.unpack(a * kBlock, rows, worker.bars + at);
                    unpacked |= 1u << (a - work.first_a);
                    b_->short_rows().candidates(rows, worker.bars + at, b * kBlock, worker.words);
                    scan_tile(sink, a, b, worker, number);
                    settle(sink, a, b, worker, number);
                }
        });
        for (const auto& worker : workers)
            if (worker) counts_.add(worker->counts);
    }

    // Goes through the tile's candidates; leaves in worker.open what whole 8-bit rows do not decide.
    template <class Sink>
    void scan_tile(Sink& sink, std::size_t block_a, std::size_t block_b, Worker& worker, unsigned number) {
        const std::size_t a0 = block_a * kBlock, a1 = std::min(a_->size(), a0 + kBlock), b0 = block_b * kBlock;
        JoinCounts& counts = worker.counts;
        ++counts.tiles;
        counts.compared += (a1 - a0) * (std::min(b_->size(), b0 + kBlock) - b0);
        worker.open.clear();
        for (std::size_t a = a0; a < a1; ++a) {
            std::size_t count = 0;
            for (std::size_t w = 0; w < kWords; ++w)
                for (std::uint64_t word = worker.words[(a - a0) * kWords + w]; word != 0; word &= word - 1) {
                    const std::size_t b = b0 + w * 64 + std::size_t(__builtin_ctzll(word));
                    if (a_ == b_ && b <= a) continue;
                    if (a_->labelled() && !(std::fabs(b_->label(b) - a_->label(a)) < settings_.gap)) continue;
                    ++counts.candidates;
                    if (sink.settled(a, b))
                        ++counts.joined;
                    else
                        worker.row[count++] = std::uint32_t(b);
                }
            if (a_->whole_rows() && count > 0) {
                check(sink, a, count, worker, number);
                continue;
            }
            for (std::size_t n = 0; n < count; ++n) worker.open.push_back({std::uint32_t(a), worker.row[n]});
        }
    }

    // Decides candidates of row a by whole 8-bit rows, as far as they can.
    template <class Sink>
    void check(Sink& sink, std::size_t a, std::size_t count, Worker& worker, unsigned number) {
        const QuantizedRow& row = a_->whole_rows()->quantized(a);
        const ByteRows& others = *b_->whole_rows();
        a_->whole_rows()->lift(a, worker.lifted.data());
        others.prefetch(worker.row[0]);
        for (std::size_t n = 0; n < count; ++n) {
            const std::size_t b = worker.row[n];
            if (n + 1 < count) others.prefetch(worker.row[n + 1]);
            if (n > 0 && sink.settled(a, b)) {
                ++worker.counts.joined;
                continue;
            }
            const Verdict verdict = others.verdict(row, worker.lifted.data(), b);
            if (verdict == Verdict::open || (verdict == Verdict::inside && Sink::kDistances)) {
                worker.open.push_back({std::uint32_t(a), std::uint32_t(b)});
                continue;
            }
            ++worker.counts.by_bytes;
            if constexpr (!Sink::kDistances)
                if (verdict == Verdict::inside) sink.edge(a, b, number);
        }
    }

    template <class Sink>
    void settle(Sink& sink, std::size_t block_a, std::size_t block_b, Worker& worker, unsigned number) {
        constexpr std::size_t kMany = kBlock * kBlock / 32;
        const bool by_product = worker.open.size() > kMany;
        if (by_product) multiply(block_a, block_b, worker);
        const auto verdict = [&](const Open& pair) {
            if (!by_product) return Verdict::open;
            return worker.decider.by_product(
                worker.products->data()[(pair.a - block_a * kBlock) * kBlock + pair.b - block_b * kBlock]);
        };
        if constexpr (Sink::kDistances)
            measure(verdict, sink.found[number], worker);
        else
            join(verdict, sink, worker, number);
    }

    template <class Decide>
    void join(Decide verdict_of, Joining& sink, Worker& worker, unsigned number) {
        JoinCounts& counts = worker.counts;
        for (const Open& pair : worker.open) {
            if (sink.settled(pair.a, pair.b)) {
                ++counts.joined;
                continue;
            }
            const Verdict verdict = verdict_of(pair);
            ++(verdict == Verdict::open ? counts.by_float64 : counts.by_float32);
            if (verdict == Verdict::inside ||
                (verdict == Verdict::open && worker.decider.is_edge(a_->row(pair.a), b_->row(pair.b))))
                sink.edge(pair.a, pair.b, number);
        }
    }

    // Open pairs stand row by row: each row's others are measured together.
    template <class Decide>
    void measure(Decide verdict_of, std::vector<Pair>& found, Worker& worker) {
        std::size_t numbers[kBlock], rows[kBlock];
        double distances[kBlock];
        const std::vector<Open>& open = worker.open;
        for (std::size_t next = 0; next < open.size();) {
            const std::uint32_t a = open[next].a;
            std::size_t count = 0;
            for (; next < open.size() && open[next].a == a; ++next) {
                if (verdict_of(open[next]) == Verdict::outside) {
                    ++worker.counts.by_float32;
                    continue;
                }
                numbers[count] = shift_ + b_->number(open[next].b);
                rows[count] = b_->row(open[next].b);
                ++count;
            }
            const std::size_t i = a_->number(a);
            worker.decider.distances(a_->row(a), rows, count, distances);
            worker.counts.by_float64 += count;
            for (std::size_t n = 0; n < count; ++n) {
                if (!(distances[n] < settings_.radius)) continue;
                const std::size_t j = numbers[n];
                const std::size_t low = std::min(i, j), high = std::max(i, j);
                found.push_back({std::int64_t(low), std::int64_t(high), distances[n]});
                ++worker.counts.edges;
            }
        }
    }

    // The products of all rows of a tile.
    void multiply(std::size_t block_a, std::size_t block_b, Worker& worker) const {
        const std::size_t stride = worker.decider.stride();
        if (!worker.products) {
            worker.unit_a = std::make_unique<Aligned<float>>(kBlock * stride);
            worker.unit_b = std::make_unique<Aligned<float>>(kBlock * stride);
            worker.products = std::make_unique<Aligned<float>>(kBlock * kBlock);
        }
        const std::size_t a0 = block_a * kBlock, b0 = block_b * kBlock;
        const std::size_t rows_a = std::min(kBlock, a_->size() - a0), rows_b = std::min(kBlock, b_->size() - b0);
        load(*a_, a0, rows_a, *worker.unit_a, worker);
        load(*b_, b0, rows_b, *worker.unit_b, worker);
        settings_.kernel.tile.products(worker.unit_a->data(), rows_a, worker.unit_b->data(), rows_b, stride,
                                       worker.products->data(), kBlock);
        ++worker.counts.tiles_by_product;
    }

    static void load(const PreparedRows& rows, std::size_t place, std::size_t count, Aligned<float>& out,
                     Worker& worker) {
        for (std::size_t r = 0; r < count; ++r)
            worker.decider.load(rows.row(place + r), out.data() + r * worker.decider.stride());
    }

    MatrixView view_;
    const double* norms_;
    JoinSettings settings_;
    Prepared a_, b_;     // one and the same where rows are joined with themselves
    std::size_t shift_;  // of the numbers and places of b
    std::vector<Task> tasks_;
    JoinCounts counts_;
};

}  // namespace syndr
