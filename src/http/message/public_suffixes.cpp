// SPDX-License-Identifier: MIT
//
// The file is a graph ("DAFSA", by Chromium's make_dafsa.py) whose paths spell the names:
//
//     node: offset+ label        offset: 1 to 3 bytes, added to the one before; bit 7 marks the last one
//     label: char* end           end: a character with bit 7 set, and a node follows; or 0x80 | rule, the end of a name

#include "http/message/public_suffixes.hpp"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "base/lazy.hpp"

namespace tendril::http::detail {

namespace {

constexpr std::string_view magic = ".DAFSA@PSL_0   \n";
constexpr const char* path = "/usr/share/publicsuffix/public_suffix_list.dafsa";
constexpr unsigned end_bit = 0x80;

std::string content_of(const char* name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

const PublicSuffixes& PublicSuffixes::installed() {
    static constinit tendril::detail::Lazy<PublicSuffixes> list;
    return list.get([] { return std::make_unique<const PublicSuffixes>(content_of(path)); });
}

PublicSuffixes::PublicSuffixes(std::string dafsa) : dafsa_(std::move(dafsa)) {
    if (!dafsa_.starts_with(magic)) {
        dafsa_.clear();
    }
}

bool PublicSuffixes::contains(std::string_view domain) const noexcept {
    if (const int rule = find(domain); rule != none) {
        return (rule & exception) == 0;
    }
    const std::size_t dot = domain.find('.');
    if (dot == std::string_view::npos) {
        return true;
    }
    const int above = find(domain.substr(dot + 1));
    return above != none && (above & wildcard) != 0;
}

// Returns: 0xff beyond the end, which ends no name.
unsigned PublicSuffixes::at(std::size_t i) const noexcept {
    return i < dafsa_.size() ? static_cast<unsigned char>(dafsa_[i]) : 0xff;
}

int PublicSuffixes::find(std::string_view name) const noexcept {
    std::size_t node = magic.size();  // where its next offset is
    std::size_t label = node;
    for (bool last = false; !last && node < dafsa_.size();) {
        const unsigned first = at(node);
        last = (first & end_bit) != 0;
        switch (first & 0x60) {
        case 0x60:
            label += (first & 0x1f) << 16 | at(node + 1) << 8 | at(node + 2);
            node += 3;
            break;
        case 0x40:
            label += (first & 0x1f) << 8 | at(node + 1);
            node += 2;
            break;
        default:
            label += first & 0x3f;
            node += 1;
        }
        std::size_t here = label;
        std::string_view rest = name;
        while (!rest.empty() && at(here) == static_cast<unsigned char>(rest.front())) {
            ++here;
            rest.remove_prefix(1);
        }
        const unsigned end = at(here);
        if (rest.empty()) {
            if ((end & 0xe0) == end_bit) {
                return static_cast<int>(end & 0x0f);
            }
        } else if (end == (static_cast<unsigned char>(rest.front()) | end_bit)) {
            node = label = here + 1;  // the children of this label
            name = rest.substr(1);
            last = false;
        }
    }
    return none;
}

}  // namespace tendril::http::detail
