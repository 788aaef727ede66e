// SPDX-License-Identifier: MIT

#include <tendril/http/inspect.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/address.hpp>
#include <tendril/inspection.hpp>
#include <tendril/metrics.hpp>

#include "base/host_port.hpp"
#include "http/server/inspect_page.hpp"

namespace tendril::http {

namespace {

bool is_allowed(const std::vector<Network>& networks, const std::string& client) {
    try {
        const bool is_unix = client.empty() || client.front() == '/' || client.front() == '@';
        return contains(networks, is_unix ? Address::unix_path("/") : Address::ip(client, 0));
    } catch (const std::invalid_argument&) {
        return false;
    }
}

// A page of another origin can make its own name lead here, but not these.
bool names_no_stranger(std::string_view host) {
    const tendril::detail::HostAndPort parts = tendril::detail::split_host_and_port(host);
    if (host.empty() || parts.host == "localhost") {
        return true;
    }
    try {
        Address::ip(parts.host, 0);
        return true;
    } catch (const std::invalid_argument&) {
        return false;
    }
}

}  // namespace

Handler metrics_handler(const MetricsOptions& options) {
    return [options](Request&, Response& response) {
        const auto hubs =
            snapshot_all({.backtraces = false, .only = 0, .scheduling = options.scheduling}, options.patience);
        response.set("Cache-Control", "no-store");
        response.send(to_prometheus(all_metrics(hubs)), prometheus_type);
    };
}

InspectPages::InspectPages(InspectOptions options) {
    if (!options.prefix.starts_with('/') || !options.prefix.ends_with('/')) {
        throw std::invalid_argument("the prefix of InspectPages begins and ends with a slash; this one is " +
                                    options.prefix);
    }
    options_ = std::make_shared<const InspectOptions>(std::move(options));
}

void InspectPages::operator()(Request& request, Response& response) const {
    if (!is_allowed(options_->allow, request.client())) {
        throw StatusError(403, "only for clients of InspectOptions::allow");
    }
    if (!options_->any_host && !names_no_stranger(request.host())) {
        throw StatusError(403, "only by an address or localhost as the host; see InspectOptions::any_host");
    }
    if (request.method() != "GET" && request.method() != "HEAD") {
        throw StatusError(405).set("Allow", "GET, HEAD");
    }
    std::string_view path = request.path();
    if (!path.starts_with(options_->prefix)) {
        throw StatusError(404);
    }
    path.remove_prefix(options_->prefix.size());
    response.set("Cache-Control", "no-store").set("X-Content-Type-Options", "nosniff");
    if (path.empty()) {
        const std::string& nonce = request.id();
        response.set("Content-Security-Policy", detail::inspect_policy(nonce));
        response.send(detail::inspect_page(nonce), "text/html; charset=utf-8");
        return;
    }
    if (path == "snapshot.json") {
        InspectionQuery query;
        try {
            query = InspectionQuery::parse(request.query());
        } catch (const std::invalid_argument& error) {
            throw StatusError(400, error.what());
        }
        response.send(to_json(snapshot_all(query.snapshot_options(), options_->patience), query), "application/json");
        return;
    }
    throw StatusError(404);
}

}  // namespace tendril::http
