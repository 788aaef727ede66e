// SPDX-License-Identifier: MIT
//
// Whatever text comes, amqp::Url refuses it without quoting it, or makes something whole of it: what it prints holds
// neither user nor password, and is read again as the same.

#include <tendril/amqp/url.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using tendril::amqp::Url;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

bool may_be_printed(std::string_view text) {
    for (const char c : text) {
        if (c <= 0x20 || c == 0x7f) {
            return false;
        }
    }
    return true;
}

void check_whole(const Url& url) {
    const std::string printed = url.to_string();
    const Url again(printed);
    check(may_be_printed(printed) && !url.hosts().empty() && url.vhost().size() <= 255);
    check(again.hosts() == url.hosts() && again.vhost() == url.vhost() && again.secure() == url.secure());
    check(again.to_string() == printed && again.user() == "guest" && again.password() == "guest");
    for (const auto& host : url.hosts()) {
        check(!host.name.empty() && host.port != 0);
    }
    for (const std::string* text : {&url.user(), &url.password(), &url.vhost(), &url.ca_file()}) {
        check(text->find('\0') == std::string::npos);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text.ends_with('\n')) {
        text.remove_suffix(1);  // of a corpus file
    }
    try {
        check_whole(Url(text));
    } catch (const std::invalid_argument&) {
    }
    return 0;
}
