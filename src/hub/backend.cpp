// SPDX-License-Identifier: MIT
//
// Which backends there are.

#include "hub/backend.hpp"

#include <stdexcept>
#include <string>

namespace tendril::detail {

namespace {

struct Entry {
    std::string_view name;
    std::unique_ptr<Backend> (*make)();
};

constexpr Entry backends[] = {
    {"epoll", &make_epoll_backend},
};

}  // namespace

std::vector<std::string_view> backend_names() {
    std::vector<std::string_view> names;
    for (const Entry& each : backends) {
        names.push_back(each.name);
    }
    return names;
}

namespace {

const Entry& find(std::string_view name) {
    std::string known;
    for (const Entry& each : backends) {
        if (each.name == name) {
            return each;
        }
        known += (known.empty() ? "" : ", ") + std::string(each.name);
    }
    throw std::invalid_argument("no backend is called \"" + std::string(name) +
                                "\" (TENDRIL_BACKEND); there are: " + known);
}

}  // namespace

void require_backend(std::string_view name) {
    static_cast<void>(find(name));
}

std::unique_ptr<Backend> make_backend(std::string_view name) {
    return find(name).make();
}

}  // namespace tendril::detail
