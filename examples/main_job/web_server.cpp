// SPDX-License-Identifier: MIT

#include "web_server.hpp"

#include <utility>

#include "pages.hpp"

namespace demo {

namespace {

tendril::http::ServerOptions make_options(std::size_t most_connections, std::chrono::seconds patience,
                                          Figures& figures) {
    tendril::http::ServerOptions options;
    options.connections.concurrency = most_connections;
    options.header_timeout = patience;
    options.idle_timeout = patience;
    options.access_log = tendril::http::AccessLog::of_records(
        [&figures](const tendril::http::AccessRecord& record) { figures.note(record); });
    return options;
}

}  // namespace

WebServer::WebServer(tendril::Listener listener, std::size_t most_connections, std::chrono::seconds patience)
    : server_(std::move(listener), make_pages(figures_, feed_), make_options(most_connections, patience, figures_)) {}

void WebServer::stop() {
    feed_.stop();
    server_.stop(std::chrono::seconds(1));  // a request whose head stops half-way must not hold it up
}

}  // namespace demo
