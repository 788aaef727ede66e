// SPDX-License-Identifier: MIT
//
// serve() and Server: HTTP on the connections of a StreamServer.

#include <tendril/http/server.hpp>

#include <concepts>
#include <utility>

#include <tendril/stream_server.hpp>
#include <tendril/tls.hpp>

#include "http/server/connected.hpp"
#include "http/server/connection.hpp"
#include "http/server/server_state.hpp"

namespace tendril::http {

namespace {

using detail::ServerState;

std::shared_ptr<ServerState> make_state(Handler handler, const ServerOptions& options, const Site& at) {
    return std::make_shared<ServerState>(std::move(handler), options, at);
}

// The handler of serve() or StreamServer: speaks HTTP on each connection.
struct HttpSpeaker {
    std::shared_ptr<ServerState> server;

    template <class S>
    void operator()(S& socket, const Address& peer, Serving& serving) const {
        const detail::Connected connected{socket,
                                          &socket,
                                          [](void* from) -> std::unique_ptr<Stream> {
                                              return std::make_unique<S>(std::move(*static_cast<S*>(from)));
                                          },
                                          peer,
                                          serving,
                                          std::same_as<S, TlsSocket>};
        detail::Connection(*server, connected).run();
    }
};

template <class L>
L& speaking_http(L& listener) {
    if constexpr (std::same_as<L, TlsListener>) {
        listener.offer_alpn({"http/1.1", "http/1.0"});
    }
    return listener;
}

template <class L>
void serve_on(L& listener, Handler handler, const ServerOptions& options, const Site& at) {
    const std::shared_ptr<ServerState> state = make_state(std::move(handler), options, at);
    state->publish(listener.address());
    tendril::serve(speaking_http(listener), HttpSpeaker{state}, state->options().connections);
}

template <class L>
std::shared_ptr<StreamServer> make_server(L listener, const std::shared_ptr<ServerState>& state) {
    state->publish(listener.address());
    return std::make_shared<StreamServer>(std::move(speaking_http(listener)), HttpSpeaker{state},
                                          state->options().connections);
}

}  // namespace

void serve(Listener& listener, Handler handler, const ServerOptions& options, Site at) {
    serve_on(listener, std::move(handler), options, at);
}

void serve(Listener&& listener, Handler handler, const ServerOptions& options, Site at) {
    Listener owned = std::move(listener);
    serve_on(owned, std::move(handler), options, at);
}

void serve(TlsListener& listener, Handler handler, const ServerOptions& options, Site at) {
    serve_on(listener, std::move(handler), options, at);
}

void serve(TlsListener&& listener, Handler handler, const ServerOptions& options, Site at) {
    TlsListener owned = std::move(listener);
    serve_on(owned, std::move(handler), options, at);
}

Server::Server(Listener listener, Handler handler, const ServerOptions& options, Site at)
    : state_(make_state(std::move(handler), options, at)), server_(make_server(std::move(listener), state_)) {}

Server::Server(TlsListener listener, Handler handler, const ServerOptions& options, Site at)
    : state_(make_state(std::move(handler), options, at)), server_(make_server(std::move(listener), state_)) {}

Server::Server(std::string_view address, Handler handler, const ServerOptions& options, Site at)
    : Server(listen(address), std::move(handler), options, at) {}

Server::~Server() = default;

void Server::start() {
    server_->start();
}

std::size_t Server::stop(Duration drain) {
    return server_->stop(drain);
}

void Server::serve_forever() {
    server_->serve_forever();
}

void Server::stop_accepting() {
    server_->stop_accepting();
}

void Server::start_accepting() {
    server_->start_accepting();
}

Address Server::address() const {
    return server_->address();
}

bool Server::is_running() const noexcept {
    return server_->is_running();
}

ServerStats Server::stats() const noexcept {
    return state_->stats();
}

const ServerOptions& Server::options() const noexcept {
    return state_->options();
}

}  // namespace tendril::http
