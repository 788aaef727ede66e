// SPDX-License-Identifier: MIT
//
// The table of backends.

#include "hub/backend.hpp"

#include <sys/select.h>

#include <cerrno>
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
#ifdef TENDRIL_HAS_URING
    {"io_uring", &make_uring_backend},
#endif
    {"poll", &make_poll_backend},
    {"select", &make_select_backend},
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
                                "\" (TENDRIL_BACKEND); known: " + known);
}

}  // namespace

void require_backend(std::string_view name) {
    static_cast<void>(find(name));
}

std::unique_ptr<Backend> make_backend(std::string_view name) {
    return find(name).make();
}

std::system_error cannot_watch(const Backend& backend, int fd, int error) {
    std::string text = "cannot wait for descriptor " + std::to_string(fd);
    if (error == -EINVAL && backend.name() == std::string_view("select")) {
        text += ": the backend \"select\" takes only numbers below " + std::to_string(FD_SETSIZE) +
                " (FD_SETSIZE); use another one (TENDRIL_BACKEND=epoll)";
    } else if (error == -EPERM) {
        text += ": it is always ready (a regular file?); read it in offload()";
    }
    return std::system_error(-error, std::generic_category(), text);
}

}  // namespace tendril::detail
