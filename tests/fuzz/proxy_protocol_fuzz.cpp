// SPDX-License-Identifier: MIT
//
// Whatever bytes come, the parser of the PROXY protocol says a header, "more", or EPROTO; what it has read it can
// write, and reads again as the same.

#include <tendril/proxy_protocol.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <system_error>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tendril;
    ProxyHeader header;
    try {
        const auto n = parse_proxy_header({data, size}, header);
        if (!n.has_value()) {
            return 0;
        }
        if (*n > size) {
            std::abort();
        }
    } catch (const std::system_error& e) {
        if (e.code().value() != EPROTO) {
            std::abort();
        }
        return 0;
    }
    if (!header.source.has_value() || !header.destination.has_value()) {
        return 0;
    }
    ProxyHeader again;
    const std::string text = make_proxy_header(header);
    if (parse_proxy_header(text, again) != text.size() || again.source != header.source ||
        again.destination != header.destination || again.extras != header.extras) {
        std::abort();
    }
    return 0;
}
