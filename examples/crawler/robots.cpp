// SPDX-License-Identifier: MIT

#include "robots.hpp"

#include <algorithm>
#include <cctype>
#include <exception>

namespace crawler {

namespace {

constexpr std::size_t most_bytes = std::size_t{512} * 1024;  // RFC 9309, 2.5

std::string lowered(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r");
    return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// Matches a prefix, in which "*" stands for any text and a final "$" for the end.
bool matches(std::string_view pattern, std::string_view target) {
    const bool whole = pattern.ends_with('$');
    if (whole) {
        pattern.remove_suffix(1);
    }
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;  // the last "*", and where the text that it stands for ends
    std::size_t star_end = 0;
    for (;;) {
        if (p == pattern.size() && (!whole || t == target.size())) {
            return true;
        }
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_end = t;
        } else if (p < pattern.size() && t < target.size() && pattern[p] == target[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos && star_end < target.size()) {
            p = star + 1;
            t = ++star_end;
        } else {
            return false;
        }
    }
}

struct Line {
    std::string name;
    std::string_view value;
};

Line parse_line(std::string_view text) {
    text = text.substr(0, text.find('#'));
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return {};
    }
    return {lowered(trimmed(text.substr(0, colon))), trimmed(text.substr(colon + 1))};
}

}  // namespace

Robots::Robots(std::string_view text, std::string_view agent) {
    const std::string own = lowered(agent);
    std::vector<Rule> for_all;
    bool named = false;  // a group names this agent
    bool in_own = false;
    bool in_all = false;
    bool in_agents = false;  // in the lines that begin a group
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const Line line = parse_line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.name == "user-agent") {
            if (!in_agents) {
                in_own = in_all = false;
            }
            in_agents = true;
            in_own = in_own || lowered(line.value) == own;
            in_all = in_all || line.value == "*";
            named = named || in_own;
        } else if (line.name == "allow" || line.name == "disallow") {
            in_agents = false;
            if (!line.value.empty() && (in_own || in_all)) {
                (in_own ? rules_ : for_all).push_back({std::string(line.value), line.name == "allow"});
            }
        }
    }
    if (!named) {
        rules_ = std::move(for_all);
    }
}

Robots Robots::nothing_allowed() {
    Robots robots;
    robots.rules_.push_back({"/", false});
    return robots;
}

bool Robots::allows(std::string_view target) const {
    const Rule* best = nullptr;
    for (const Rule& each : rules_) {
        if (matches(each.pattern, target) && (best == nullptr || each.pattern.size() > best->pattern.size() ||
                                              (each.pattern.size() == best->pattern.size() && each.allow))) {
            best = &each;
        }
    }
    return best == nullptr || best->allow;
}

Robots fetch_robots(tendril::http::Client& client, const tendril::http::Url& site, std::string_view agent) {
    try {
        tendril::http::ClientResponse response = client.request({.url = site.resolve("/robots.txt"), .redirects = 5});
        if (response.ok()) {
            return {response.text(most_bytes), agent};
        }
        return response.status() < 500 ? Robots() : Robots::nothing_allowed();
    } catch (const std::exception&) {
        return Robots::nothing_allowed();
    }
}

}  // namespace crawler
