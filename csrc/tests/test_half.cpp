// All 65,536 halves against the definition of the format (IEEE 754-2008, 3.4).
#include <cmath>
#include <cstdint>
#include <limits>

#include "check.hpp"
#include "matrix_view.hpp"

int main() {
    for (std::uint32_t bits = 0; bits < 65536; ++bits) {
        const int exponent = int(bits >> 10 & 31), mantissa = int(bits & 1023);
        const float found = syndr::Half::widen(std::uint16_t(bits));
        CHECK(std::signbit(found) == bool(bits >> 15));
        if (exponent == 31 && mantissa != 0) {
            CHECK(std::isnan(found));
            continue;
        }
        double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
        if (exponent == 31) magnitude = std::numeric_limits<double>::infinity();
        CHECK(double(std::fabs(found)) == magnitude);
    }
    CHECK(syndr::Half::widen(0x7BFF) == 65504.0f);
    CHECK(syndr::Half::widen(0x0001) == 0x1p-24f);
}
