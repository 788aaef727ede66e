// SPDX-License-Identifier: MIT
//
// PublicSuffixes: the domains under which anybody can have a name ("com", "co.uk", "github.io"), so that no cookie may
// be for all of one. By the list of https://publicsuffix.org as Debian's package publicsuffix installs it; without
// that, or for what it does not name, a domain of a single label is one.

#pragma once

#include <string>
#include <string_view>

namespace tendril::http::detail {

class PublicSuffixes {
public:
    // The list of this system, read at the first call; it may hold up the hub then. Any thread.
    static const PublicSuffixes& installed();

    // dafsa: the file's content; "", or what is no such file: no list. No content can do harm.
    explicit PublicSuffixes(std::string dafsa);

    bool has_list() const noexcept { return !dafsa_.empty(); }

    // Is this domain (in lower case, no dot at its end) a public suffix?
    bool contains(std::string_view domain) const noexcept;

private:
    enum Rule : int { none = -1, exception = 1, wildcard = 2 };  // bits, but for none

    int find(std::string_view name) const noexcept;
    unsigned at(std::size_t i) const noexcept;

    std::string dafsa_;
};

}  // namespace tendril::http::detail
