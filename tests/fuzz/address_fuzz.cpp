// SPDX-License-Identifier: MIT
//
// Address::parse and split_host_port: any text is refused with std::invalid_argument or gives what prints to text that
// gives the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include <tendril/address.hpp>

namespace {

void check_address(std::string_view text) {
    try {
        const auto address = tendril::Address::parse(text);
        if (!(tendril::Address::parse(address.to_string()) == address)) {
            std::abort();
        }
    } catch (const std::invalid_argument&) {
    }
}

void check_host_port(std::string_view text) {
    try {
        const auto parts = tendril::split_host_port(text);
        const bool v6 = parts.host.find(':') != std::string::npos;
        const auto again =
            tendril::split_host_port((v6 ? "[" + parts.host + "]" : parts.host) + ":" + std::to_string(parts.port));
        if (again.host != parts.host || again.port != parts.port) {
            std::abort();
        }
    } catch (const std::invalid_argument&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_address(text);
    check_host_port(text);
    return 0;
}
