// Rows made ready for a join: in label order, in short and in whole 8-bit form. Both forms lie in one piece of memory, so
// that another process can take them up as they are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "byte_rows.hpp"
#include "filter_rows.hpp"

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

class PreparedRows {
public:
    static constexpr std::size_t kBlock = FilterRows::kBlock;
    static constexpr std::size_t kMostDims = 65536;  // whose 8-bit products fit 32 bits

    // Makes the rows ready; the arrays need not outlive this call.
    PreparedRows(const MatrixView& view, const double* norms, const JoinSettings& settings, Job& job)
        : PreparedRows(view, settings) {
        const Layout layout{rows_, settings.filter.kept, padded(view.dims), settings.whole_rows,
                            std::uint64_t(settings.kernel.bytes->offset)};
        owned_ = std::make_unique<Aligned<std::byte>>(layout.bytes());
        memory_ = owned_->data();
        std::memcpy(memory_, &layout, sizeof layout);
        lay_out(layout, view, settings);
        store_rows(view, norms, settings.kernel, job);
    }

    // Takes up what memory() of the same members, filter and radius held, in another process maybe. It must outlive this
    // object and start on a 64-byte boundary; `settings.filter` is not looked at.
    PreparedRows(const MatrixView& view, const JoinSettings& settings, const std::byte* memory, std::size_t bytes)
        : PreparedRows(view, settings) {
        Layout layout;
        if (bytes < sizeof layout || reinterpret_cast<std::uintptr_t>(memory) % 64 != 0)
            throw std::invalid_argument("prepared rows must be whole and start on a 64-byte boundary");
        std::memcpy(&layout, memory, sizeof layout);
        if (layout.rows != rows_ || layout.stride != padded(view.dims) || layout.kept == 0 || layout.kept > kMostDims ||
            layout.kept % kRowStep != 0 || layout.bytes() != bytes)
            throw std::invalid_argument("these prepared rows are of other rows or dims; prepare them again");
        if (layout.offset != std::uint64_t(settings.kernel.bytes->offset))
            throw std::invalid_argument(
                "the rows were prepared for another kind of CPU; set SYNDR_KERNEL to a kernel that all machines have");
        memory_ = const_cast<std::byte*>(memory);  // only the other constructor writes there
        lay_out(layout, view, settings);
    }

    PreparedRows(const PreparedRows&) = delete;
    PreparedRows& operator=(const PreparedRows&) = delete;

    std::size_t size() const { return rows_; }
    std::size_t blocks() const { return (rows_ + kBlock - 1) / kBlock; }

    // By place: what the row is numbered by (its place among the members), which row of the view it is, and its label.
    std::uint32_t number(std::size_t place) const { return order_[place]; }
    std::size_t row(std::size_t place) const { return row_of(order_[place]); }
    double label(std::size_t place) const { return labels_[place]; }

    const std::vector<std::uint32_t>& places() const { return place_; }  // by number
    bool labelled() const { return !labels_.empty(); }
    double first_label(std::size_t block) const { return labels_[block * kBlock]; }
    double last_label(std::size_t block) const { return labels_[std::min(rows_, (block + 1) * kBlock) - 1]; }

    const FilterRows& short_rows() const { return *short_; }
    const ByteRows* whole_rows() const { return whole_.get(); }  // null: they are not kept

    const std::byte* memory() const { return memory_; }
    std::size_t bytes() const { return bytes_; }

private:
    // What stands first in the memory.
    struct Layout {
        std::uint64_t rows = 0, kept = 0, stride = 0, whole = 0, offset = 0;

        std::size_t short_bytes() const { return FilterRows::bytes(rows, kept); }
        std::size_t bytes() const { return kHeader + short_bytes() + (whole ? ByteRows::bytes(rows, stride) : 0); }
    };
    static constexpr std::size_t kHeader = 64;
    static_assert(sizeof(Layout) <= kHeader);

    PreparedRows(const MatrixView& view, const JoinSettings& settings)
        : members_(settings.members), rows_(members_.empty() ? view.rows : members_.size()), order_(rows_), place_(rows_) {
        if (view.rows > UINT32_MAX || view.dims > kMostDims)
            throw std::invalid_argument("the search takes at most 2^32 - 1 rows of at most 65,536 dims");
        std::iota(order_.begin(), order_.end(), 0u);
        if (settings.labels) {
            const auto label = [&](std::uint32_t number) { return settings.labels[row_of(number)]; };
            std::stable_sort(order_.begin(), order_.end(),
                             [&](std::uint32_t a, std::uint32_t b) { return label(a) < label(b); });
            for (const std::uint32_t number : order_) labels_.push_back(label(number));
        }
        for (std::size_t place = 0; place < rows_; ++place) place_[order_[place]] = std::uint32_t(place);
    }

    std::size_t row_of(std::uint32_t number) const { return members_.empty() ? number : members_[number]; }

    void lay_out(const Layout& layout, const MatrixView& view, const JoinSettings& settings) {
        const double error = decision_error(view.dims);
        Filter filter = settings.filter;
        filter.kept = layout.kept;
        bytes_ = layout.bytes();
        std::byte* const shorts = memory_ + kHeader;
        short_ = std::make_unique<FilterRows>(rows_, filter, layout.stride, settings.radius + error, settings.kernel, shorts);
        if (layout.whole)
            whole_ = std::make_unique<ByteRows>(rows_, layout.stride, settings.radius, error, settings.kernel,
                                                shorts + layout.short_bytes());
    }

    void store_rows(const MatrixView& view, const double* norms, const Kernel& kernel, Job& job) {
        short_->clear(job);
        const std::size_t stride = padded(view.dims);
        constexpr std::size_t kChunk = 48;
        std::vector<std::unique_ptr<Aligned<float>>> scratch(job.threads());  // a thread's own
        job.prepare((rows_ + kChunk - 1) / kChunk, [&](std::size_t chunk, unsigned worker) {
            UnitRow unit(view, norms, kernel);
            if (!scratch[worker]) scratch[worker] = std::make_unique<Aligned<float>>(kChunk * stride);
            Aligned<float>& rows = *scratch[worker];
            std::size_t places[kChunk];
            const std::size_t first = chunk * kChunk, count = std::min(kChunk, rows_ - first);
            for (std::size_t r = 0; r < count; ++r) {
                unit(row_of(std::uint32_t(first + r)), rows.data() + r * stride);
                places[r] = place_[first + r];
                if (whole_) whole_->store(rows.data() + r * stride, places[r]);
            }
            short_->store(rows.data(), count, places);
        });
    }

    std::vector<std::uint32_t> members_;
    std::size_t rows_;
    std::vector<std::uint32_t> order_, place_;  // the number at each place, and each number's place
    std::vector<double> labels_;                // by place; empty without a label condition
    std::unique_ptr<Aligned<std::byte>> owned_;
    std::byte* memory_ = nullptr;
    std::size_t bytes_ = 0;
    std::unique_ptr<FilterRows> short_;
    std::unique_ptr<ByteRows> whole_;
};

}  // namespace syndr
