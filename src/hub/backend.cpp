// SPDX-License-Identifier: MIT
//
// Which backends there are.

#include "hub/backend.hpp"

#include <stdexcept>
#include <string>

namespace tendril::detail {

std::vector<std::string_view> backend_names() {
    return {"epoll"};
}

std::unique_ptr<Backend> make_backend(std::string_view name) {
    if (name == "epoll") {
        return make_epoll_backend();
    }
    std::string known;
    for (std::string_view each : backend_names()) {
        known += (known.empty() ? "" : ", ") + std::string(each);
    }
    throw std::invalid_argument("no backend is called \"" + std::string(name) +
                                "\" (TENDRIL_BACKEND); there are: " + known);
}

}  // namespace tendril::detail
