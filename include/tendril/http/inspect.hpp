// SPDX-License-Identifier: MIT
// Floor: http
//
// Handlers that show the process itself, while it serves:
//
//     router.add("GET", "/metrics", http::metrics_handler());                          for Prometheus
//     router.add("GET", "/tendril/{path...}", http::InspectPages({.prefix = "/tendril/"}));   for people
//
// metrics_handler() answers with numbers only: see metrics.hpp. InspectPages has a page for browsers ("", the prefix
// itself), which shows what `tendril top` shows, and what both are made of ("snapshot.json": see inspection.hpp). It
// names green threads, calls and places in the source. So it answers only clients of the networks that it allows, by
// default those on this machine, and only if the field Host is an address or "localhost": a page of another origin
// could otherwise read it by a name that it makes lead here. Behind a proxy on the same machine every client looks
// local, unless ServerOptions::trusted_proxies has the proxy.
//
// Both ask all hubs of the process, so they wait; a hub that a green thread blocks is shown as not answering. They turn
// on the histograms (SnapshotOptions::scheduling) until they have not been asked for a minute; then every switch costs
// some tens of nanoseconds more. Any number of hubs may use one object. Example: examples/metrics.cpp

#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tendril/duration.hpp>
#include <tendril/http/request.hpp>
#include <tendril/http/response.hpp>
#include <tendril/http/server.hpp>
#include <tendril/network.hpp>

namespace tendril::http {

// Options of metrics_handler().
struct MetricsOptions {
    bool scheduling = true;                              // whether to turn the histograms on
    Duration patience = std::chrono::milliseconds(200);  // for hubs that do not answer
};

// Returns a handler that answers with all_metrics(), as text for Prometheus. The handler: Yields. Throws: as
// snapshot_all() and Response::send().
Handler metrics_handler(const MetricsOptions& options = {});

// Options of InspectPages.
struct InspectOptions {
    std::string prefix = "/";  // of the paths that it answers; ends with a slash
    std::vector<Network> allow = {Network("127.0.0.0/8"), Network("::1"), Network("unix:")};  // others get 403
    bool any_host = false;                               // whatever the field Host says: for those behind a login
    Duration patience = std::chrono::milliseconds(200);  // for hubs that do not answer
};

// A handler that shows the process: see the head of this file.
class InspectPages {
public:
    // Throws: std::invalid_argument: a prefix that does not begin and end with a slash.
    explicit InspectPages(InspectOptions options = {});

    // Answers GET and HEAD below the prefix; others get 405 or 404.
    // Yields. Throws: StatusError; as snapshot_all() and Response::send().
    void operator()(Request& request, Response& response) const;

private:
    std::shared_ptr<const InspectOptions> options_;
};

}  // namespace tendril::http
