// SPDX-License-Identifier: MIT
//
// PublicSuffixes: the domains under which anyone can register a name ("com", "co.uk", "github.io"), so that no cookie
// may be set for all of such a domain. Uses the list of https://publicsuffix.org as installed by Debian's package
// publicsuffix. Without the list, or for a name outside it, a domain of a single label is a public suffix.

#pragma once

#include <string>
#include <string_view>

namespace tendril::http::detail {

class PublicSuffixes {
public:
    // The list of this system. The first call reads the file, which may block the hub. Any thread may call it.
    static const PublicSuffixes& installed();

    // `dafsa` is the file's content; "" or any other text means no list. No content can do harm.
    explicit PublicSuffixes(std::string dafsa);

    bool has_list() const noexcept { return !dafsa_.empty(); }

    // Whether this domain (in lower case, no dot at its end) is a public suffix.
    bool contains(std::string_view domain) const noexcept;

private:
    enum Rule : int { none = -1, exception = 1, wildcard = 2 };  // bits, except for none

    int find(std::string_view name) const noexcept;
    unsigned at(std::size_t i) const noexcept;

    std::string dafsa_;
};

}  // namespace tendril::http::detail
