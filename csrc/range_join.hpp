// Exact self-join: every pair with cosine distance < radius and |label gap| < gap, without looking at every pair closely.
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
#include <numeric>
#include <stdexcept>
#include <vector>

#include "disjoint_set.hpp"
#include "filter_rows.hpp"
#include "pair_decider.hpp"

namespace syndr {

struct JoinSettings {
    double radius = 0;
    const double* labels = nullptr;  // null: no label condition
    double gap = 0;
    std::vector<std::uint32_t> members;  // rows to join, numbered in this order; empty: all
    Filter filter;
    bool whole_rows = true;  // whether to keep whole 8-bit rows: one byte for each coordinate
    Kernel kernel{};
};

struct Pair {
    std::int64_t i, j;  // members, i < j
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
    static constexpr std::size_t kMostDims = 65536;  // whose 8-bit products fit 32 bits

    // `view`, `norms` and `labels` must outlive the join; the filter's arrays only this call.
    RangeJoin(const MatrixView& view, const double* norms, const JoinSettings& settings, Job& job)
        : view_(view), norms_(norms), settings_(settings),
          rows_(settings.members.empty() ? view.rows : settings.members.size()), order_(rows_), place_(rows_) {
        if (view.rows > UINT32_MAX || view.dims > kMostDims)
            throw std::invalid_argument("the search takes at most 2^32 - 1 rows of at most 65,536 dims");
        std::iota(order_.begin(), order_.end(), 0u);
        if (settings.labels) {
            const auto label = [&](std::uint32_t member) { return settings.labels[row(member)]; };
            std::stable_sort(order_.begin(), order_.end(),
                             [&](std::uint32_t a, std::uint32_t b) { return label(a) < label(b); });
            for (const std::uint32_t member : order_) labels_.push_back(label(member));
        }
        for (std::size_t place = 0; place < rows_; ++place) place_[order_[place]] = std::uint32_t(place);
        store_rows(job);
        plan_tasks();
    }

    std::size_t tasks() const { return tasks_.size(); }
    const JoinCounts& counts() const { return counts_; }

    // Connected components, numbered by first member.
    std::vector<std::int64_t> components(Job& job) {
        Joining joining{DisjointSet(rows_), {}};
        joining.uniform = std::vector<std::atomic<bool>>(blocks());
        scan(joining, 0, tasks_.size(), job);
        return joining.sets.labels(place_);
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
    static constexpr std::size_t kBlock = FilterRows::kBlock;
    static constexpr std::size_t kMostSide = 16;
    static constexpr std::size_t kWords = kBlock / 64;
    static_assert(kBlock % 64 == 0);

    struct Task {
        std::uint32_t first_a, last_a, first_b, last_b;  // blocks
    };

    // What components want of a pair: to know its verdict, unless its ends are joined already.
    struct Joining {
        static constexpr bool kDistances = false;
        DisjointSet sets;
        std::vector<std::atomic<bool>> uniform;  // blocks whose rows are all joined

        bool settled(std::size_t a, std::size_t b) { return sets.joined(a, b); }
        bool settled_tile(std::size_t a, std::size_t b, std::size_t rows) {
            return all_joined(a, rows) && all_joined(b, rows) && sets.joined(a * kBlock, b * kBlock);
        }
        bool all_joined(std::size_t block, std::size_t rows) {
            if (uniform[block]) return true;
            const bool now = sets.all_joined(block * kBlock, std::min(rows, (block + 1) * kBlock));
            if (now) uniform[block] = true;
            return now;
        }
        void edge(std::size_t a, std::size_t b) { sets.join(a, b); }
    };

    // What pairs want: the distance of every edge.
    struct Collecting {
        static constexpr bool kDistances = true;
        std::vector<std::vector<Pair>> found;

        bool settled(std::size_t, std::size_t) { return false; }
        bool settled_tile(std::size_t, std::size_t, std::size_t) { return false; }
    };

    struct Open {
        std::uint32_t a, b;  // places
    };

    // A thread's own.
    struct Worker {
        explicit Worker(const RangeJoin& join)
            : decider(join.view_, join.norms_, join.settings_.radius, join.settings_.kernel),
              short_rows(kMostSide * kBlock * join.short_->kept()), lifted(join.whole_ ? join.whole_->stride() : 0) {}

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

    std::size_t blocks() const { return (rows_ + kBlock - 1) / kBlock; }

    // The view's row of a member.
    std::size_t row(std::size_t member) const {
        return settings_.members.empty() ? member : settings_.members[member];
    }

    void store_rows(Job& job) {
        const Kernel& kernel = settings_.kernel;
        const std::size_t stride = padded(view_.dims);
        const double error = decision_error(view_.dims);
        short_ = std::make_unique<FilterRows>(rows_, settings_.filter, stride, settings_.radius + error, kernel, job);
        if (settings_.whole_rows)
            whole_ = std::make_unique<ByteRows>(rows_, stride, settings_.radius, error, kernel);
        constexpr std::size_t kChunk = 48;
        std::vector<std::unique_ptr<Aligned<float>>> scratch(job.threads());  // a thread's own
        job.prepare((rows_ + kChunk - 1) / kChunk, [&](std::size_t chunk, unsigned worker) {
            UnitRow unit(view_, norms_, kernel);
            if (!scratch[worker]) scratch[worker] = std::make_unique<Aligned<float>>(kChunk * stride);
            Aligned<float>& rows = *scratch[worker];
            std::size_t places[kChunk];
            const std::size_t first = chunk * kChunk, count = std::min(kChunk, rows_ - first);
            for (std::size_t r = 0; r < count; ++r) {
                unit(row(first + r), rows.data() + r * stride);
                places[r] = place_[first + r];
                if (whole_) whole_->store(rows.data() + r * stride, places[r]);
            }
            short_->store(rows.data(), count, places);
        });
    }

    // Each task is a square of tiles, whose whole rows stay in the last-level cache while they meet each other. Those on
    // the diagonal come first: they join what lies close together, and joined rows need no further look.
    void plan_tasks() {
        const std::size_t side = std::clamp<std::size_t>(blocks() / 32, 1, kMostSide);
        const auto last = [&](std::size_t first) { return std::uint32_t(std::min(blocks(), first + side)); };
        std::vector<Task> rest;
        for (std::size_t a = 0; a < blocks(); a += side)
            for (std::size_t b = a; b < blocks() && !too_far(last(a) - 1, b); b += side)
                (b == a ? tasks_ : rest).push_back({std::uint32_t(a), last(a), std::uint32_t(b), last(b)});
        tasks_.insert(tasks_.end(), rest.begin(), rest.end());
    }

    // Whether the labels of block b, which stands behind block a, are all a whole gap above those of a.
    bool too_far(std::size_t a, std::size_t b) const {
        return !labels_.empty() && !(labels_[b * kBlock] - last_label(a) < settings_.gap);
    }

    double last_label(std::size_t block) const { return labels_[std::min(rows_, (block + 1) * kBlock) - 1]; }

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
                    if (b < a || too_far(a, b)) continue;
                    if (sink.settled_tile(a, b, rows_)) {
                        ++worker.counts.tiles_joined;
                        continue;
                    }
                    const std::size_t at = (a - work.first_a) * kBlock;
                    std::int8_t* rows = worker.short_rows.data() + at * short_->kept();
                    if (!(unpacked >> (a - work.first_a) & 1)) short_->unpack(a * kBlock, rows, worker.bars + at);
                    unpacked |= 1u << (a - work.first_a);
                    short_->candidates(rows, worker.bars + at, b * kBlock, worker.words);
                    scan_tile(sink, a, b, worker);
                    settle(sink, a, b, worker, number);
                }
        });
        for (const auto& worker : workers)
            if (worker) counts_.add(worker->counts);
    }

    // Goes through the tile's candidates; leaves in worker.open what whole 8-bit rows do not decide.
    template <class Sink>
    void scan_tile(Sink& sink, std::size_t block_a, std::size_t block_b, Worker& worker) {
        const std::size_t a0 = block_a * kBlock, a1 = std::min(rows_, a0 + kBlock), b0 = block_b * kBlock;
        JoinCounts& counts = worker.counts;
        ++counts.tiles;
        counts.compared += (a1 - a0) * (std::min(rows_, b0 + kBlock) - b0);
        worker.open.clear();
        for (std::size_t a = a0; a < a1; ++a) {
            std::size_t count = 0;
            for (std::size_t w = 0; w < kWords; ++w)
                for (std::uint64_t word = worker.words[(a - a0) * kWords + w]; word != 0; word &= word - 1) {
                    const std::size_t b = b0 + w * 64 + std::size_t(__builtin_ctzll(word));
                    if (b <= a) continue;
                    if (!labels_.empty() && !(labels_[b] - labels_[a] < settings_.gap)) continue;
                    ++counts.candidates;
                    if (sink.settled(a, b))
                        ++counts.joined;
                    else
                        worker.row[count++] = std::uint32_t(b);
                }
            if (whole_ && count > 0) {
                check(sink, a, count, worker);
                continue;
            }
            for (std::size_t n = 0; n < count; ++n) worker.open.push_back({std::uint32_t(a), worker.row[n]});
        }
    }

    // Decides candidates of row a by whole 8-bit rows, as far as they can.
    template <class Sink>
    void check(Sink& sink, std::size_t a, std::size_t count, Worker& worker) {
        whole_->lift(a, worker.lifted.data());
        whole_->prefetch(worker.row[0]);
        for (std::size_t n = 0; n < count; ++n) {
            const std::size_t b = worker.row[n];
            if (n + 1 < count) whole_->prefetch(worker.row[n + 1]);
            if (n > 0 && sink.settled(a, b)) {
                ++worker.counts.joined;
                continue;
            }
            const Verdict verdict = whole_->verdict(a, worker.lifted.data(), b);
            if (verdict == Verdict::open || (verdict == Verdict::inside && Sink::kDistances)) {
                worker.open.push_back({std::uint32_t(a), std::uint32_t(b)});
                continue;
            }
            ++worker.counts.by_bytes;
            if constexpr (!Sink::kDistances)
                if (verdict == Verdict::inside) sink.edge(a, b);
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
            join(verdict, sink, worker);
    }

    template <class Decide>
    void join(Decide verdict_of, Joining& sink, Worker& worker) {
        JoinCounts& counts = worker.counts;
        for (const Open& pair : worker.open) {
            if (sink.settled(pair.a, pair.b)) {
                ++counts.joined;
                continue;
            }
            const Verdict verdict = verdict_of(pair);
            ++(verdict == Verdict::open ? counts.by_float64 : counts.by_float32);
            if (verdict == Verdict::inside ||
                (verdict == Verdict::open && worker.decider.is_edge(row(order_[pair.a]), row(order_[pair.b]))))
                sink.edge(pair.a, pair.b);
        }
    }

    // Open pairs stand row by row: each row's others are measured together.
    template <class Decide>
    void measure(Decide verdict_of, std::vector<Pair>& found, Worker& worker) {
        std::size_t members[kBlock], rows[kBlock];
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
                members[count] = order_[open[next].b];
                rows[count] = row(members[count]);
                ++count;
            }
            const std::size_t i = order_[a];
            worker.decider.distances(row(i), rows, count, distances);
            worker.counts.by_float64 += count;
            for (std::size_t n = 0; n < count; ++n) {
                if (!(distances[n] < settings_.radius)) continue;
                const std::size_t j = members[n];
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
        const std::size_t rows_a = std::min(kBlock, rows_ - a0), rows_b = std::min(kBlock, rows_ - b0);
        load(a0, rows_a, *worker.unit_a, worker);
        load(b0, rows_b, *worker.unit_b, worker);
        settings_.kernel.tile.products(worker.unit_a->data(), rows_a, worker.unit_b->data(), rows_b, stride,
                                       worker.products->data(), kBlock);
        ++worker.counts.tiles_by_product;
    }

    void load(std::size_t place, std::size_t count, Aligned<float>& out, Worker& worker) const {
        for (std::size_t r = 0; r < count; ++r)
            worker.decider.load(row(order_[place + r]), out.data() + r * worker.decider.stride());
    }

    MatrixView view_;
    const double* norms_;
    JoinSettings settings_;
    std::size_t rows_;
    std::vector<std::uint32_t> order_, place_;  // the member at each place, and each member's place
    std::vector<double> labels_;                // by place; empty without a label condition
    std::unique_ptr<FilterRows> short_;
    std::unique_ptr<ByteRows> whole_;
    std::vector<Task> tasks_;
    JoinCounts counts_;
};

}  // namespace syndr
