// SPDX-License-Identifier: MIT
//
// Address::parse: any text is refused with std::invalid_argument or gives an address that prints to text that parses
// to the same address.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include <tendril/address.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto address = tendril::Address::parse({reinterpret_cast<const char*>(data), size});
        if (!(tendril::Address::parse(address.to_string()) == address)) {
            std::abort();
        }
    } catch (const std::invalid_argument&) {
    }
    return 0;
}
