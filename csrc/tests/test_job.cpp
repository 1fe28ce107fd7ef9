// Threads: every task once, the first exception kept, cancellation, progress on the calling thread.
#include "parallel.hpp"

#include <stdexcept>
#include <string>

#include "check.hpp"

namespace {

using namespace std::chrono_literals;

void every_task_runs_once() {
    for (unsigned threads = 0; threads <= 8; ++threads) {
        syndr::Job job(threads);
        for (const std::size_t tasks : {0u, 1u, 3u, 1000u}) {  // one job may run several times
            std::vector<std::atomic<int>> runs(tasks);
            std::atomic<bool> in_range{true};
            job.run(tasks, [&](std::size_t index, unsigned worker) {
                ++runs[index];
                if (worker >= job.threads()) in_range = false;
            });
            for (const auto& count : runs) CHECK(count == 1);
            CHECK(in_range);
        }
    }
}

void first_exception_is_rethrown_and_the_rest_stops() {
    for (unsigned threads = 1; threads <= 4; ++threads) {
        syndr::Job job(threads);
        std::atomic<std::size_t> started{0};
        std::string caught;
        try {
            job.run(100000, [&](std::size_t index, unsigned) {
                ++started;
                if (index == 5) throw std::runtime_error("five");
                if (index > 5 && index < 10) {
                    std::this_thread::sleep_for(20ms);
                    throw std::runtime_error("later");
                }
                std::this_thread::sleep_for(10us);
            });
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
        CHECK(caught == "five");
        CHECK(started < 10000);
        std::atomic<int> again{0};
        job.run(10, [&](std::size_t, unsigned) { ++again; });  // the job is usable afterwards
        CHECK(again == 10);
    }
}

void tick_runs_on_the_calling_thread_and_reaches_the_end() {
    const auto caller = std::this_thread::get_id();
    std::vector<std::size_t> seen;
    syndr::Job job(3, [&](std::size_t done, std::size_t total) {
        CHECK(std::this_thread::get_id() == caller);
        CHECK(total == 40);
        CHECK(seen.empty() || done >= seen.back());
        seen.push_back(done);
    });
    job.run(40, [](std::size_t, unsigned) { std::this_thread::sleep_for(25ms); });
    CHECK(seen.size() >= 2);
    CHECK(seen.back() == 40);

    seen.clear();
    job.run(40, [](std::size_t, unsigned) {});  // over before the first tick is due
    CHECK(seen.empty());
}

void throwing_tick_cancels() {
    int ticks = 0;
    syndr::Job job(2, [&](std::size_t, std::size_t) {
        ++ticks;
        throw std::runtime_error("stop");
    });
    std::atomic<std::size_t> ran{0};
    const auto start = std::chrono::steady_clock::now();
    bool caught = false;
    try {
        job.run(1000, [&](std::size_t, unsigned) {
            ++ran;
            for (int tile = 0; tile < 100 && !job.stopping(); ++tile) std::this_thread::sleep_for(10ms);
        });
    } catch (const std::runtime_error&) {
        caught = true;
    }
    CHECK(caught);
    CHECK(ticks == 1);
    CHECK(ran == 2);  // both workers were inside their first task, and left it between two tiles
    CHECK(std::chrono::steady_clock::now() - start < 900ms);
}

void nothing_is_ticked_after_an_exception() {
    int ticks = 0;
    syndr::Job job(1, [&](std::size_t, std::size_t) {
        if (++ticks == 1) throw std::runtime_error("first");
        throw std::runtime_error("second");
    });
    std::string caught;
    try {
        job.run(1, [](std::size_t, unsigned) { std::this_thread::sleep_for(450ms); });  // slow to notice
    } catch (const std::runtime_error& error) {
        caught = error.what();
    }
    CHECK(caught == "first");
    CHECK(ticks == 1);
}

}  // namespace

int main() {
    every_task_runs_once();
    first_exception_is_rethrown_and_the_rest_stops();
    tick_runs_on_the_calling_thread_and_reaches_the_end();
    throwing_tick_cancels();
    nothing_is_ticked_after_an_exception();
}
