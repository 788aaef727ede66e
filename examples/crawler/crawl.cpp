// SPDX-License-Identifier: MIT

#include "crawl.hpp"

#include <set>
#include <string>

#include <tendril/pool.hpp>
#include <tendril/queue.hpp>

#include "robots.hpp"

namespace crawler {

namespace {

using tendril::http::Url;

tendril::http::ClientOptions client_options(const Options& options) {
    tendril::http::ClientOptions result;
    result.total_timeout = options.timeout;
    result.per_origin = options.per_host;
    // each redirect is a page of its own, so that no page is fetched twice and none lies off the site
    result.redirects = 0;
    result.user_agent = agent;
    if (!options.ca_file.empty()) {
        result.tls = tendril::TlsOptions{.ca_file = options.ca_file};
    }
    return result;
}

// The pages still to fetch: a queue that pages fill with their links.
class Frontier {
public:
    Frontier(tendril::http::Client& client, const Options& options)
        : client_(client), options_(options), site_(options.start) {
        begin_site(site_.without_fragment());
    }

    tendril::Queue<Url>& queue() noexcept { return queue_; }
    const Progress& progress() const noexcept { return progress_; }

    void note(const Page& page) {
        ++progress_.done;
        if (page.status == 0 || page.status >= 400) {
            ++progress_.errors;
        }
        // A site may be at an address other than the one given: www., https.
        if (progress_.done == 1 && page.location.has_value() && !page.location->same_origin(site_)) {
            begin_site(*page.location);
        }
        for (const Url& each : page.links) {
            add(each);
        }
        if (progress_.done == progress_.found) {
            queue_.shutdown();
        }
    }

private:
    void begin_site(const Url& start) {
        site_ = start;
        robots_ = options_.robots ? fetch_robots(client_, site_, agent) : Robots();
        add(start);
        if (progress_.found == 0) {
            queue_.shutdown();
        }
    }

    void add(const Url& url) {
        if (!url.same_origin(site_) || progress_.found == options_.pages || !seen_.insert(url.to_string()).second) {
            return;
        }
        if (!robots_.allows(url.target())) {
            ++progress_.excluded;
            return;
        }
        ++progress_.found;
        queue_.put(url);
    }

    tendril::http::Client& client_;
    const Options& options_;
    Url site_;
    Robots robots_;
    std::set<std::string> seen_;
    tendril::Queue<Url> queue_;
    Progress progress_;
};

}  // namespace

void crawl(const Options& options, const std::function<void(const Page&, const Progress&)>& report) {
    tendril::http::Client client(client_options(options));
    Frontier frontier(client, options);
    tendril::Pool pool(options.concurrency);
    const auto get = [&client](const Url& url) { return fetch(client, url); };
    for (const Page& page : pool.imap(get, frontier.queue())) {
        frontier.note(page);
        report(page, frontier.progress());
    }
}

}  // namespace crawler
