// Runs numbered tasks on threads: first exception kept, cancellation, progress ticks on the calling thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace syndr {

class Job {
public:
    // Called on the calling thread about ten times a second and, if it was called at all, once more when all is done;
    // may throw to cancel (Ctrl-C does). Preparatory work ticks with a total of 0: there is no progress to show yet.
    using Tick = std::function<void(std::size_t done, std::size_t total)>;

    explicit Job(unsigned threads, Tick tick = {})
        : threads_(std::max(1u, threads)), tick_(std::move(tick)) {}

    unsigned threads() const { return threads_; }

    // Long tasks ask this between tiles and return early.
    bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

    // Runs task(index, worker) for index in [0, tasks). Rethrows the first exception once all workers have ended.
    template <class Task>
    void run(std::size_t tasks, Task&& task) {
        execute(tasks, task, tasks);
    }

    // The same for preparatory work, which shows no progress.
    template <class Task>
    void prepare(std::size_t tasks, Task&& task) {
        execute(tasks, task, 0);
    }

private:
    template <class Task>
    void execute(std::size_t tasks, Task& task, std::size_t shown_total) {
        if (tasks == 0) return;
        if (!tick_ && std::min<std::size_t>(threads_, tasks) == 1) {  // short work must not pay for a thread
            for (std::size_t index = 0; index < tasks; ++index) task(index, 0u);
            return;
        }
        next_ = 0;
        done_ = 0;
        stopping_ = false;
        first_ = nullptr;
        active_ = unsigned(std::min<std::size_t>(threads_, tasks));
        std::vector<std::thread> workers;
        auto work = [&](unsigned worker) {
            try {
                while (!stopping()) {
                    const std::size_t index = next_.fetch_add(1);
                    if (index >= tasks) break;
                    task(index, worker);
                    done_.fetch_add(1);
                }
            } catch (...) {
                keep(std::current_exception());
            }
            const std::scoped_lock lock(mutex_);
            --active_;
            finished_.notify_one();
        };
        const unsigned count = active_;
        try {
            workers.reserve(count);
            for (unsigned worker = 0; worker < count; ++worker) workers.emplace_back(work, worker);
        } catch (...) {  // no more threads to be had: those not started will never report back
            keep(std::current_exception());
            const std::scoped_lock lock(mutex_);
            active_ -= count - unsigned(workers.size());
        }
        const bool ticked = wait(shown_total);
        for (std::thread& worker : workers) worker.join();
        if (first_) std::rethrow_exception(first_);
        if (ticked) tick_(shown_total, shown_total);
    }

    void keep(const std::exception_ptr& error) {
        const std::scoped_lock lock(mutex_);
        if (!first_) first_ = error;
        stopping_ = true;
    }

    bool wait(std::size_t shown_total) {
        bool ticked = false;
        std::unique_lock<std::mutex> lock(mutex_);
        while (!finished_.wait_for(lock, std::chrono::milliseconds(100), [&] { return active_ == 0; })) {
            if (!tick_ || stopping()) continue;
            lock.unlock();
            ticked = true;
            try {
                tick_(std::min(done_.load(), shown_total), shown_total);
            } catch (...) {
                keep(std::current_exception());
            }
            lock.lock();
        }
        return ticked;
    }

    unsigned threads_;
    Tick tick_;
    std::atomic<std::size_t> next_{0}, done_{0};
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::condition_variable finished_;
    unsigned active_ = 0;
    std::exception_ptr first_;
};

}  // namespace syndr
