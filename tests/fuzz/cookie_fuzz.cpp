// SPDX-License-Identifier: MIT
//
// Whatever bytes come as Set-Cookie, what is read of it is within its bounds, and what can be written of it is read
// again as the same; a Cookie header gives views of itself; a date that was read is written and read as the same. A
// cookie file gives a jar within its bounds, which is saved and loaded as the same.

#include <tendril/http/cookie.hpp>
#include <tendril/http/cookie_jar.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "http/message/date.hpp"

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void set_cookie(std::string_view text) {
    using namespace tendril::http;
    const auto cookie = parse_set_cookie(text);
    if (!cookie.has_value()) {
        return;
    }
    require(!cookie->name.empty() && cookie->name.size() + cookie->value.size() <= 4096);
    require(cookie->domain.size() <= 1024 && cookie->path.size() <= 1024);
    try {
        require(parse_set_cookie(to_string(*cookie)) == cookie);
    } catch (const std::invalid_argument&) {
        // Reading is more lenient than writing.
    }
}

void cookies(std::string_view text) {
    for (const tendril::http::CookiePair& each : tendril::http::parse_cookies(text)) {
        require(!each.name.empty() && each.name.data() >= text.data() &&
                each.name.data() + each.name.size() < text.data() + text.size());
        require(each.value.empty() || each.value.data() + each.value.size() <= text.data() + text.size());
    }
}

void dates(std::string_view text) {
    using namespace tendril::http::detail;
    const Time now(std::chrono::seconds(1700000000));
    if (const auto date = parse_date(text, now)) {
        require(parse_date(format_date(*date), now) == *date);
        require(parse_cookie_date(format_date(*date)).value_or(*date) == *date);
    }
}

void files(std::string_view text) {
    using namespace tendril::http;
    const CookieJar::Time now(std::chrono::seconds(1700000000));
    CookieJar jar({.per_domain = 4, .cookies = 8});
    jar.add_netscape(text, now);
    require(jar.size() <= 8);
    const std::string saved = jar.netscape(true, now);
    CookieJar again({.per_domain = 4, .cookies = 8});
    require(again.add_netscape(saved, now).ignored == 0);
    require(again.netscape(true, now) == saved);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    set_cookie(text);
    cookies(text);
    dates(text);
    files(text);
    return 0;
}
