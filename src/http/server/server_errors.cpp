// SPDX-License-Identifier: MIT
//
// What ServerState reports to its ErrorLog.

#include <string>

#include <tendril/http/websocket_error.hpp>

#include "http/server/server_state.hpp"
#include "http/server/websocket_blame.hpp"

namespace tendril::http::detail {

namespace {

std::string request_line(const RequestHead& head) {
    return std::string(head.method).append(" ").append(head.target);
}

}  // namespace

void ServerState::log_bad_input(const Address& peer, int status, std::string_view how) const {
    error_log().report({.kind = status == 408 ? ErrorKind::timeout : ErrorKind::bad_request,
                        .peer = peer,
                        .status = status,
                        .what = how,
                        .where = options_.connections.where});
}

void ServerState::log_gone(const Address& peer) const {
    error_log().report({.kind = ErrorKind::peer_gone,
                        .peer = peer,
                        .error = std::current_exception(),
                        .where = options_.connections.where});
}

void ServerState::log_handler_error(const Address& peer, const RequestHead& head) const {
    const std::string request = request_line(head);
    error_log().report({.kind = ErrorKind::handler,
                        .peer = peer,
                        .request = request,
                        .error = std::current_exception(),
                        .where = options_.connections.where});
}

bool ServerState::log_end_of_upgraded(const Address& peer, const RequestHead& head,
                                      const tendril::detail::PeerWatch& watch) {
    ErrorKind kind = ErrorKind::peer_gone;
    if (!watch.ended_by_peer()) {
        try {
            throw;
        } catch (const WebSocketError& e) {
            if (!WebSocketBlame::is_of(e, watch.connection())) {
                return false;
            }
            kind = e.close_code() == close_code::abnormal ? ErrorKind::peer_gone : ErrorKind::bad_request;
        } catch (const std::exception&) {
            return false;
        }
    }
    const std::string request = request_line(head);
    error_log().report({.kind = kind,
                        .peer = peer,
                        .request = request,
                        .error = std::current_exception(),
                        .where = options_.connections.where});
    return true;
}

}  // namespace tendril::http::detail
