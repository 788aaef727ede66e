// SPDX-License-Identifier: MIT

#include <tendril/server.hpp>

#include "net/service.hpp"

namespace tendril::detail {

void serve(Listener& listener, ConnectionHandler handler, const ServeOptions& options) {
    Service service(listener, false, std::move(handler), options);
    service.begin();
    service.run();
}

void report_connection(const Site& where) noexcept {
    HubCore::here().report({0, {}, where, "connection"}, std::current_exception());
}

}  // namespace tendril::detail
