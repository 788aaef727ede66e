// SPDX-License-Identifier: MIT

#include <unistd.h>

#include <cstddef>
#include <string_view>

#include <tendril/process.hpp>

namespace tendril {

Environment environment() {
    Environment all;
    for (char** each = ::environ; each != nullptr && *each != nullptr; ++each) {
        const std::string_view entry(*each);
        if (const std::size_t equals = entry.find('=', 1); equals != std::string_view::npos) {
            all.emplace(entry.substr(0, equals), entry.substr(equals + 1));  // the first entry counts, as for getenv()
        }
    }
    return all;
}

}  // namespace tendril
