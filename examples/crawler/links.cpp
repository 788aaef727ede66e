// SPDX-License-Identifier: MIT

#include "links.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

namespace crawler {

namespace {

using tendril::http::Url;

constexpr std::string_view blanks = " \t\r\n\f";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string lowered(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower);
    return result;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(blanks);
    return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// Decodes "&amp;", which links have; other entities are rare in them.
std::string without_entities(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('&', at), text.size());
        result += text.substr(at, end - at);
        at = end;
        if (at < text.size()) {
            result += '&';
            at += text.substr(at, 5) == "&amp;" ? 5 : text.substr(at, 5) == "&#38;" ? 5 : 1;
        }
    }
    return result;
}

struct Tag {
    std::string name;
    std::optional<std::string> href;
};

// Goes through a page tag by tag.
class Tags {
public:
    explicit Tags(std::string_view html) : rest_(html) {}

    std::optional<Tag> next() {
        for (;;) {
            skip(rest_.find('<'));
            if (rest_.empty()) {
                return std::nullopt;
            }
            if (rest_.substr(0, 4) == "<!--") {
                skip_behind("-->");
                continue;
            }
            rest_.remove_prefix(1);
            Tag tag{lowered(take_until(" \t\r\n\f/>")), std::nullopt};
            read_attributes(tag);
            if (tag.name == "script" || tag.name == "style") {
                skip_behind("</" + tag.name);
                continue;
            }
            return tag;
        }
    }

private:
    void skip(std::size_t n) { rest_.remove_prefix(std::min(n, rest_.size())); }
    void skip_behind(const std::string& end) {
        const auto same = [](char a, char b) { return lower(a) == b; };
        const auto found = std::search(rest_.begin(), rest_.end(), end.begin(), end.end(), same);
        skip(static_cast<std::size_t>(found - rest_.begin()) + end.size());
    }
    std::string_view take_until(std::string_view ends) {
        const std::size_t n = std::min(rest_.find_first_of(ends), rest_.size());
        const std::string_view taken = rest_.substr(0, n);
        skip(n);
        return taken;
    }

    void read_attributes(Tag& tag) {
        for (;;) {
            skip(rest_.find_first_not_of(" \t\r\n\f/"));
            if (rest_.empty() || rest_.front() == '>') {
                return;
            }
            const std::string name = lowered(take_until(" \t\r\n\f/>="));
            skip(rest_.find_first_not_of(blanks));
            std::string_view value;
            if (!rest_.empty() && rest_.front() == '=') {
                value = read_value();
            } else if (name.empty()) {
                skip(1);
            }
            if (name == "href" && !tag.href.has_value()) {
                tag.href = without_entities(trimmed(value));
            }
        }
    }

    std::string_view read_value() {
        skip(1);
        skip(rest_.find_first_not_of(blanks));
        if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) {
            return take_until(" \t\r\n\f>");
        }
        const std::string quote(1, rest_.front());
        skip(1);
        const std::string_view value = take_until(quote);
        skip(1);
        return value;
    }

    std::string_view rest_;
};

}  // namespace

std::vector<Url> links_of(std::string_view html, const Url& page) {
    std::vector<Url> links;
    std::set<std::string> seen;
    Url base = page;
    Tags tags(html);
    while (const std::optional<Tag> tag = tags.next()) {
        if (!tag->href.has_value() || (tag->name != "a" && tag->name != "area" && tag->name != "base")) {
            continue;
        }
        try {
            const Url url = base.resolve(*tag->href).without_fragment();
            if (tag->name == "base") {
                base = url;
            } else if (seen.insert(url.to_string()).second) {
                links.push_back(url);
            }
        } catch (const std::invalid_argument&) {  // mailto:, javascript:, nonsense
        }
    }
    return links;
}

}  // namespace crawler
