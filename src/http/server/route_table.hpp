// SPDX-License-Identifier: MIT
//
// RouteTable: finds the handler for a method and a path; knows nothing of requests. A tree with one level per segment
// of the paths: a match visits each node at most once, whatever the path.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tendril::http::detail {

class RouteTable {
public:
    enum class Kind : std::uint8_t { found, not_found, method_not_allowed };

    struct Match {
        Kind kind = Kind::not_found;
        std::size_t handler = 0;
        std::vector<std::pair<std::string_view, std::string>> parameters;  // names: valid as long as the table
        std::string allowed;                                               // for method_not_allowed: the value of Allow
    };

    RouteTable();
    ~RouteTable();
    RouteTable(RouteTable&&) noexcept;
    RouteTable& operator=(RouteTable&&) noexcept;

    // Adds a route. For patterns and what is refused see Router::add(). Throws: std::invalid_argument.
    void add(std::string_view method, std::string_view pattern, std::size_t handler);

    // Finds the route. path: as it was sent. Throws: ProtocolError (400) for a malformed percent-encoding.
    Match match(std::string_view method, std::string_view path) const;

private:
    struct Node;
    struct Search;

    std::unique_ptr<Node> root_;
};

}  // namespace tendril::http::detail
