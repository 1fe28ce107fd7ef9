// What to say when a mapped file is cut short while it is read: the kernel has no other way to tell than SIGBUS.
#pragma once

#ifndef _WIN32
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#endif

namespace syndr {

#ifdef _WIN32
inline void explain_lost_pages() {}  // there, nobody can cut off a file that is mapped
#else
// In a handler of signals almost nothing is allowed: no allocation, no lock, no stream.
namespace lost_page {

inline void say(const char* text, std::size_t size) {
    while (size) {
        const ssize_t written = ::write(STDERR_FILENO, text, size);
        if (written <= 0) return;
        text += written, size -= std::size_t(written);
    }
}

inline void say(const char* text) { say(text, std::strlen(text)); }

// The file that is mapped at an address, as the lines of /proc/self/maps have it: "from-to mode offset device inode path".
inline void say_file_at(std::uintptr_t address) {
    const int maps = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    static char line[8192];
    std::size_t size = 0;
    for (char each; maps >= 0 && ::read(maps, &each, 1) == 1;) {
        if (each != '\n') {
            if (size + 1 < sizeof line) line[size++] = each;
            continue;
        }
        line[size] = 0, size = 0;
        char* dash;
        const auto from = std::strtoull(line, &dash, 16), to = std::strtoull(dash + 1, nullptr, 16);
        const char* path = std::strchr(line, '/');
        if (from <= address && address < to && path) return say(path);
    }
    say("a mapped file");
}

inline void handle(int, siginfo_t* info, void*) {
    if (info->si_code != BUS_ADRERR) {  // of another kind: it strikes again, and ends the process as ever
        ::signal(SIGBUS, SIG_DFL);
        return;
    }
    say("error: ");
    say_file_at(reinterpret_cast<std::uintptr_t>(info->si_addr));
    say(": cut short, or not to be read from its disk, while it was in use; what was finished is kept: wait until it is "
        "complete and run it again\n");
    ::_exit(1);
}

}  // namespace lost_page

// From now on, a page that a mapped file has lost ends the process with code 1 and a line that names the file.
inline void explain_lost_pages() {
    struct sigaction action {};
    action.sa_sigaction = lost_page::handle;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGBUS, &action, nullptr);
}
#endif

}  // namespace syndr
