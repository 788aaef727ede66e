// SPDX-License-Identifier: MIT

#include "http/server/route_table.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <tendril/http/form.hpp>

#include "http/message/chars.hpp"
#include "http/message/clean_path.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::size_t deepest = 64;  // segments of a pattern; bounds the recursion of the search

struct Route {
    std::string pattern;
    std::vector<std::string> names;  // of its parameters, in order
    std::size_t handler = 0;
};

using Routes = std::map<std::string, Route, std::less<>>;  // by method

enum class SegmentKind : std::uint8_t { text, parameter, tail };

struct Segment {
    SegmentKind kind;
    std::string_view text;  // or the parameter's name
};

[[noreturn]] void refuse(std::string_view pattern, const char* why) {
    throw std::invalid_argument("the route " + std::string(pattern) + ": " + why);
}

bool is_name(std::string_view text) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
}

// Takes the text up to the next "/", and that slash. Returns: whether there was a slash.
bool take_segment(std::string_view& rest, std::string_view& segment) noexcept {
    const std::size_t end = rest.find('/');
    segment = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return end != std::string_view::npos;
}

Segment read_segment(std::string_view pattern, std::string_view text) {
    if (text.find_first_of("{}") == std::string_view::npos) {
        return {SegmentKind::text, text};
    }
    if (!text.starts_with('{') || !text.ends_with('}')) {
        refuse(pattern, "a parameter is a whole segment between slashes: {name}, or at the end {name...}");
    }
    std::string_view name = text.substr(1, text.size() - 2);
    const bool tail = name.ends_with("...");
    name.remove_suffix(tail ? 3 : 0);
    if (!is_name(name)) {
        refuse(pattern, "a parameter's name is made of letters, digits and underscores");
    }
    return {tail ? SegmentKind::tail : SegmentKind::parameter, name};
}

std::vector<Segment> read_pattern(std::string_view pattern) {
    if (!pattern.starts_with('/')) {
        refuse(pattern, "it must begin with a slash");
    }
    std::vector<Segment> segments;
    std::set<std::string_view> names;
    std::string_view rest = pattern.substr(1);
    std::string_view text;
    for (bool more = true; more;) {
        more = take_segment(rest, text);
        const Segment segment = read_segment(pattern, text);
        if (segment.kind == SegmentKind::tail && more) {
            refuse(pattern, "{name...} is allowed at the end only");
        }
        if (segment.kind != SegmentKind::text && !names.insert(segment.text).second) {
            refuse(pattern, "two parameters have the same name");
        }
        if (segment.kind == SegmentKind::text && !is_clean_segment(segment.text) && (more || !segment.text.empty())) {
            refuse(pattern, "no path has an empty segment, a dot segment, a control character or a backslash");
        }
        segments.push_back(segment);
    }
    if (segments.size() > deepest) {
        refuse(pattern, "it has more than 64 segments");
    }
    return segments;
}

}  // namespace

struct RouteTable::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> texts;
    std::unique_ptr<Node> parameter;
    Routes routes;  // that end here
    Routes tails;   // that take everything that follows
};

// One match: descends the tree, and notes which segments were parameters.
struct RouteTable::Search {
    std::string_view method;
    std::set<std::string_view> allowed = {};  // methods of the routes whose path matched but whose method did not
    std::vector<std::string> values = {};     // of the parameters so far
    const Route* found = nullptr;

    bool take(const Routes& routes) {
        const std::string_view instead = method == "HEAD" ? "GET" : method;
        for (const std::string_view wanted : {method, instead, std::string_view("*")}) {
            if (const auto at = routes.find(wanted); at != routes.end()) {
                found = &at->second;
                return true;
            }
        }
        for (const auto& each : routes) {
            allowed.insert(each.first);
        }
        return false;
    }

    // rest: what follows the slash after this node's segment; has_more: whether there was such a slash.
    bool go(const Node& node, std::string_view rest, bool has_more) {
        if (!has_more) {
            return take(node.routes);
        }
        std::string_view behind = rest;
        std::string_view raw;
        const bool more = take_segment(behind, raw);
        std::string segment = percent_decode(raw);
        if (const auto text = node.texts.find(segment); text != node.texts.end() && go(*text->second, behind, more)) {
            return true;
        }
        if (node.parameter != nullptr && !segment.empty()) {
            values.push_back(std::move(segment));
            if (go(*node.parameter, behind, more)) {
                return true;
            }
            values.pop_back();
        }
        if (!node.tails.empty() && take(node.tails)) {
            values.push_back(percent_decode(rest));
            return true;
        }
        return false;
    }
};

RouteTable::RouteTable() : root_(std::make_unique<Node>()) {}
RouteTable::~RouteTable() = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;

void RouteTable::add(std::string_view method, std::string_view pattern, std::size_t handler) {
    if (!is_token(method)) {
        refuse(pattern, "its method must be a token such as GET, or * for all");
    }
    Route route{.pattern = std::string(pattern), .names = {}, .handler = handler};
    const auto made = [](std::unique_ptr<Node>& where) {
        if (where == nullptr) {
            where = std::make_unique<Node>();
        }
        return where.get();
    };
    Node* node = root_.get();
    bool tail = false;
    for (const Segment& segment : read_pattern(pattern)) {
        if (segment.kind == SegmentKind::text) {
            node = made(node->texts[std::string(segment.text)]);
            continue;
        }
        route.names.emplace_back(segment.text);
        tail = segment.kind == SegmentKind::tail;
        node = tail ? node : made(node->parameter);
    }
    const auto [at, added] = (tail ? node->tails : node->routes).try_emplace(std::string(method), std::move(route));
    if (!added) {
        throw std::invalid_argument("the route " + std::string(method) + " " + std::string(pattern) +
                                    " is for the same paths as " + std::string(method) + " " + at->second.pattern);
    }
}

RouteTable::Match RouteTable::match(std::string_view method, std::string_view path) const {
    Match match;
    if (!path.starts_with('/')) {
        return match;
    }
    Search search{.method = method};
    if (search.go(*root_, path.substr(1), true)) {
        match.kind = Kind::found;
        match.handler = search.found->handler;
        for (std::size_t i = 0; i < search.values.size(); ++i) {
            match.parameters.emplace_back(search.found->names[i], std::move(search.values[i]));
        }
    } else if (!search.allowed.empty()) {
        match.kind = Kind::method_not_allowed;
        if (search.allowed.contains("GET")) {
            search.allowed.insert("HEAD");
        }
        search.allowed.insert("OPTIONS");
        for (const std::string_view each : search.allowed) {
            match.allowed.append(match.allowed.empty() ? "" : ", ").append(each);
        }
    }
    return match;
}

}  // namespace tendril::http::detail
