// SPDX-License-Identifier: MIT
// Floor: net
//
// Host names in other scripts than ASCII: "bücher.example" is "xn--bcher-kva.example" in the DNS (IDNA2008, RFC 5890
// to 5893, with the mappings of UTS 46 in their non-transitional form, as browsers, curl and glibc do it).
//
//     connect("bücher.example:443")            the name functions of dns.hpp and connect() do it by themselves
//     idna_to_ascii("BÜCHER.example")          "xn--bcher-kva.example", for what takes ASCII only: TLS names, URLs
//
// GNU libidn2 does it, which is loaded when the first name that needs it comes, as glibc does it: the package
// libidn2-0, which libc6 recommends. An ASCII name needs no library. Any OS thread may call these functions; they
// don't yield.

#pragma once

#include <string>
#include <string_view>

namespace tendril {

// Returns the ASCII form of a name in UTF-8. An ASCII name comes back as it is, unchecked.
// Throws: std::invalid_argument, which quotes the name and says why, for a name that is not UTF-8, has characters that
// names may not have, or is too long; std::runtime_error if libidn2 is not there.
std::string idna_to_ascii(std::string_view name);

// Returns the form in UTF-8 of a name with xn-- labels, for people to read. What has none comes back as it is. Letters
// of another script can look like Latin ones: do not decide by the looks whether a name is to be trusted.
// Throws: as idna_to_ascii(); std::invalid_argument also for a label that IDNA2008 does not know, such as one that
// hides a line's end, a mark that turns the text's direction, or an emoji.
std::string idna_to_unicode(std::string_view name);

}  // namespace tendril
