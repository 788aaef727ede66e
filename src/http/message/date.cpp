// SPDX-License-Identifier: MIT

#include "http/message/date.hpp"

#include <tendril/http/date.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "http/message/chars.hpp"

namespace tendril::http::detail {

namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 7> weekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                      "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Moment {
    int year = 0, month = 0, day = 0;
    int hour = 0, minute = 0, second = 0;
};

// A `second` of 60 is a leap second, and counts as the first of the next minute.
std::optional<Time> to_time(const Moment& m) noexcept {
    const std::chrono::year_month_day date(std::chrono::year(m.year),
                                           std::chrono::month(static_cast<unsigned>(m.month)),
                                           std::chrono::day(static_cast<unsigned>(m.day)));
    if (!date.ok() || m.hour > 23 || m.minute > 59 || m.second > 60) {
        return std::nullopt;
    }
    const sys_seconds exact =
        sys_days(date) + std::chrono::hours(m.hour) + std::chrono::minutes(m.minute) + seconds(m.second);
    constexpr sys_seconds first = std::chrono::ceil<seconds>(Time::min());
    constexpr sys_seconds last = std::chrono::floor<seconds>(Time::max());
    return Time(std::clamp(exact, first, last));
}

// Takes pieces from the front of a text; after the first mismatch, the result is a failure.
class Pieces {
public:
    explicit Pieces(std::string_view text) noexcept : rest_(text) {}

    Pieces& literal(std::string_view expected) noexcept {
        if (rest_.starts_with(expected)) {
            rest_.remove_prefix(expected.size());
        } else {
            ok_ = false;
        }
        return *this;
    }
    Pieces& digits(std::size_t count, int& value) noexcept {
        value = 0;
        for (; count > 0; --count) {
            if (rest_.empty() || !is_digit(rest_.front())) {
                ok_ = false;
                return *this;
            }
            value = value * 10 + (rest_.front() - '0');
            rest_.remove_prefix(1);
        }
        return *this;
    }
    Pieces& month(int& value) noexcept {
        const auto found = std::find(months.begin(), months.end(), rest_.substr(0, 3));
        ok_ = ok_ && found != months.end();
        value = static_cast<int>(found - months.begin()) + 1;
        rest_.remove_prefix(std::min<std::size_t>(rest_.size(), 3));
        return *this;
    }
    Pieces& time(Moment& m) noexcept {
        return digits(2, m.hour).literal(":").digits(2, m.minute).literal(":").digits(2, m.second);
    }
    bool done() const noexcept { return ok_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool ok_ = true;
};

// RFC 9110: a year that seems more than 50 years ahead means the latest past year with the same two digits.
int full_year(int two_digits, Time now) noexcept {
    const std::chrono::year_month_day today(std::chrono::floor<days>(now));
    const int this_year = static_cast<int>(today.year());
    int year = this_year - this_year % 100 + two_digits;
    if (year > this_year + 50) {
        year -= 100;
    } else if (year <= this_year - 50) {
        year += 100;
    }
    return year;
}

// Separates the tokens of a cookie's date: RFC 6265, 5.1.1.
constexpr bool is_delimiter(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return u == 0x09 || (u >= 0x20 && u <= 0x2f) || (u >= 0x3b && u <= 0x40) || (u >= 0x5b && u <= 0x60) ||
           (u >= 0x7b && u <= 0x7e);
}

// Takes a number of `least` to `most` digits from the front. Returns: false if it has fewer, or more.
bool take_number(std::string_view& text, std::size_t least, std::size_t most, int& value) noexcept {
    std::size_t n = 0;
    int found = 0;
    while (n < text.size() && n <= most && is_digit(text[n])) {
        found = found * 10 + (text[n] - '0');
        ++n;
    }
    if (n < least || n > most) {
        return false;
    }
    value = found;
    text.remove_prefix(n);
    return true;
}

bool is_time(std::string_view token, Moment& m) noexcept {
    Moment found = m;
    const auto colon = [&] {
        const bool is = token.starts_with(':');
        token.remove_prefix(is ? 1 : 0);
        return is;
    };
    if (!take_number(token, 1, 2, found.hour) || !colon() || !take_number(token, 1, 2, found.minute) || !colon() ||
        !take_number(token, 1, 2, found.second)) {
        return false;
    }
    m = found;
    return true;
}

bool is_month(std::string_view token, Moment& m) noexcept {
    for (std::size_t i = 0; i < months.size(); ++i) {
        if (token.size() >= 3 && same_ignoring_case(token.substr(0, 3), months[i])) {
            m.month = static_cast<int>(i) + 1;
            return true;
        }
    }
    return false;
}

}  // namespace

std::array<char, 29> date_text(Time time) noexcept {
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(time) - day);
    const auto weekday = std::chrono::weekday(day).c_encoding();
    std::array<char, 29> text{};
    std::size_t at = 0;
    const auto put = [&](std::string_view piece) { at += piece.copy(text.data() + at, piece.size()); };
    const auto digits = [&](auto number) {
        const auto n = static_cast<unsigned>(number) % 100;
        text[at++] = static_cast<char>('0' + n / 10);
        text[at++] = static_cast<char>('0' + n % 10);
    };
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    put(weekdays[weekday].substr(0, 3));
    put(", ");
    digits(static_cast<unsigned>(date.day()));
    put(" ");
    put(months[static_cast<unsigned>(date.month()) - 1]);
    put(" ");
    digits(year / 100);
    digits(year);
    put(" ");
    digits(clock.hours().count());
    put(":");
    digits(clock.minutes().count());
    put(":");
    digits(clock.seconds().count());
    put(" GMT");
    return text;
}

std::string format_date(Time time) {
    const auto text = date_text(time);
    return std::string(text.data(), text.size());
}

std::optional<Time> parse_date(std::string_view text, Time now) noexcept {
    Moment m;
    for (const std::string_view weekday : weekdays) {
        if (!text.starts_with(weekday.substr(0, 3))) {
            continue;
        }
        Pieces fixdate(text.substr(3));
        fixdate.literal(", ").digits(2, m.day).literal(" ").month(m.month).literal(" ").digits(4, m.year).literal(" ");
        if (fixdate.time(m).literal(" GMT").done()) {
            return to_time(m);
        }
        Pieces rfc850(text);
        int year = 0;
        rfc850.literal(weekday).literal(", ").digits(2, m.day).literal("-").month(m.month).literal("-");
        if (rfc850.digits(2, year).literal(" ").time(m).literal(" GMT").done()) {
            m.year = full_year(year, now);
            return to_time(m);
        }
        const bool one_digit = text.size() > 8 && text[8] == ' ';  // asctime: "Sun Nov  6"
        Pieces asctime(text.substr(3));
        asctime.literal(" ").month(m.month).literal(one_digit ? "  " : " ").digits(one_digit ? 1 : 2, m.day);
        if (asctime.literal(" ").time(m).literal(" ").digits(4, m.year).done()) {
            return to_time(m);
        }
        return std::nullopt;
    }
    return std::nullopt;
}

std::optional<Time> parse_cookie_date(std::string_view text) noexcept {
    Moment m;
    bool has_time = false, has_day = false, has_month = false, has_year = false;
    while (!text.empty()) {
        const auto begin = std::find_if_not(text.begin(), text.end(), is_delimiter);
        const auto end = std::find_if(begin, text.end(), is_delimiter);
        std::string_view token =
            text.substr(static_cast<std::size_t>(begin - text.begin()), static_cast<std::size_t>(end - begin));
        text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
        if (!has_time && is_time(token, m)) {
            has_time = true;
        } else if (!has_day && take_number(token, 1, 2, m.day)) {
            has_day = true;
        } else if (!has_month && is_month(token, m)) {
            has_month = true;
        } else if (!has_year && take_number(token, 2, 4, m.year)) {
            has_year = true;
        }
    }
    if (!has_time || !has_day || !has_month || !has_year || m.second > 59) {
        return std::nullopt;
    }
    m.year += m.year < 70 ? 2000 : m.year < 100 ? 1900 : 0;
    return m.year < 1601 ? std::nullopt : to_time(m);
}

}  // namespace tendril::http::detail

namespace tendril::http {

std::string format_date_time(std::chrono::system_clock::time_point time) {
    return detail::format_date(time);
}

std::optional<std::chrono::system_clock::time_point>
parse_date_time(std::string_view text, std::chrono::system_clock::time_point now) noexcept {
    return detail::parse_date(text, now);
}

}  // namespace tendril::http
