// XXH64 against published values (xxHash specification and its bindings' documentation).
#include "xxh64.hpp"

#include <cstring>
#include <string>

#include "check.hpp"

namespace {

std::uint64_t hash(const std::string& text, std::uint64_t seed = 0) {
    return syndr::xxh64(text.data(), text.size(), seed);
}

}  // namespace

int main() {
    CHECK(hash("") == 0xEF46DB3751D8E999);
    CHECK(syndr::xxh64(nullptr, 0, 0) == 0xEF46DB3751D8E999);
    CHECK(hash("a") == 0xD24EC4F1A98C6E5B);
    CHECK(hash("abc") == 0x44BC2CF5AD770999);
    CHECK(hash("Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1);  // longer than one 32-byte stripe
    CHECK(hash("xxhash") == 0x32DD38952C4BC720);
    CHECK(hash("xxhash", 20141025) == 0xB559B98D844E0635);
    // The answer does not depend on where the bytes lie.
    const std::string text = "sixty-seven bytes, so that every branch of the function has its turn";
    for (std::size_t offset = 1; offset < 9; ++offset) {
        const std::string moved = std::string(offset, '#') + text;
        CHECK(syndr::xxh64(moved.data() + offset, text.size(), 9) == hash(text, 9));
    }
}
