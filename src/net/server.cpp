// SPDX-License-Identifier: MIT

#include <tendril/server.hpp>

#include "net/accept_group.hpp"

namespace tendril::detail {

void serve(Listener& listener, ConnectionHandler handler, const StreamServerOptions& options) {
    AcceptGroup group(listener, false, std::move(handler), options);
    group.start_other_hubs();
    group.run();
}

StreamServerOptions complete(StreamServerOptions options, const Site& at) {
    if (options.error_log == nullptr) {
        options.error_log = std::make_shared<ErrorLog>();
    }
    if (*options.where.file == 0) {
        options.where = at;
    }
    return options;
}

void report_connection(const StreamServerOptions& options, ErrorKind kind, const Address& peer) {
    options.error_log->report({.kind = kind, .peer = peer, .error = std::current_exception(), .where = options.where});
}

}  // namespace tendril::detail
