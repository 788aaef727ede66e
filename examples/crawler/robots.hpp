// SPDX-License-Identifier: MIT
//
// robots.txt: RFC 9309.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tendril/http/client.hpp>

namespace crawler {

class Robots {
public:
    Robots() = default;  // everything is allowed
    // Holds the rules of the groups for this agent, else those for "*".
    Robots(std::string_view text, std::string_view agent);
    static Robots nothing_allowed();

    // `target`: path and query. The longest matching rule counts; of two equally long ones, "allow" does.
    bool allows(std::string_view target) const;

private:
    struct Rule {
        std::string pattern;
        bool allow;
    };
    std::vector<Rule> rules_;
};

// Asks the site for its robots.txt. If the request fails, nothing is allowed; if the site has none, everything is.
Robots fetch_robots(tendril::http::Client& client, const tendril::http::Url& site, std::string_view agent);

}  // namespace crawler
