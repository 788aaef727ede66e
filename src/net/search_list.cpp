// SPDX-License-Identifier: MIT

#include "net/search_list.hpp"

#include <algorithm>

namespace tendril::detail {

namespace {

constexpr std::ptrdiff_t most_dots = 15;   // RES_MAXNDOTS
constexpr std::size_t longest_name = 253;  // RFC 1035, without the final dot

std::string_view without_dots(std::string_view domain) noexcept {
    if (domain.starts_with('.')) {
        domain.remove_prefix(1);
    }
    if (domain.ends_with('.')) {
        domain.remove_suffix(1);
    }
    return domain;
}

}  // namespace

SearchList::SearchList(std::string_view host, const std::vector<std::string>& domains, int dots)
    : host_(host), domains_(domains), searched_(!host.ends_with('.')) {
    if (!searched_) {
        host_.pop_back();
    }
    const std::ptrdiff_t has = std::count(host.begin(), host.end(), '.');
    const std::ptrdiff_t wanted = std::clamp<std::ptrdiff_t>(dots, 0, most_dots);
    stage_ = !searched_ || has >= wanted ? Stage::as_it_is_first : Stage::domains;
}

std::optional<std::string> SearchList::next() {
    last_ = stage_;
    switch (stage_) {
    case Stage::as_it_is_first:
        stage_ = searched_ ? Stage::domains : Stage::over;
        tried_as_it_is_ = true;
        return host_;
    case Stage::domains:
        while (at_ < domains_.size()) {
            const std::string_view domain = without_dots(domains_[at_++]);
            if (domain.empty()) {  // the root: the host without a domain
                if (!std::exchange(tried_as_it_is_, true)) {
                    return host_;
                }
            } else if (host_.size() + 1 + domain.size() <= longest_name) {
                return host_ + '.' + std::string(domain);
            }
        }
        stage_ = Stage::as_it_is_last;
        return next();
    case Stage::as_it_is_last:
        stage_ = Stage::over;
        if (tried_as_it_is_) {
            return std::nullopt;
        }
        return host_;
    case Stage::over:
        break;
    }
    return std::nullopt;
}

void SearchList::failed(DnsError how) {
    latest_ = how;
    if (last_ == Stage::as_it_is_first) {
        first_ = how;
    } else if (last_ == Stage::domains) {
        no_address_ = no_address_ || how == DnsError::no_address;
        server_failure_ = server_failure_ || how == DnsError::server_failure;
        if (how != DnsError::not_found && how != DnsError::no_address && how != DnsError::server_failure) {
            stage_ = Stage::as_it_is_last;
        }
    }
}

DnsError SearchList::failure() const noexcept {
    if (first_.has_value()) {
        return *first_;
    }
    if (no_address_) {
        return DnsError::no_address;
    }
    if (server_failure_) {
        return DnsError::server_failure;
    }
    return latest_.value_or(DnsError::bad_name);
}

}  // namespace tendril::detail
