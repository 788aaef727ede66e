// SPDX-License-Identifier: MIT

#include "net/peer_watch.hpp"

#include <system_error>

#include <tendril/tls.hpp>

#include "hub/descriptor.hpp"
#include "hub/here.hpp"

namespace tendril::detail {

PeerWatch::PeerWatch(int fd) noexcept
    : descriptor_(here::descriptors().at(fd)), generation_(descriptor_ != nullptr ? descriptor_->generation : 0) {}

std::uint64_t PeerWatch::connection() const noexcept {
    return descriptor_ != nullptr ? (std::uint64_t{generation_} << 32 | descriptor_->index) + 1 : 0;
}

bool PeerWatch::ended_by_peer() const noexcept {
    if (descriptor_ == nullptr || descriptor_->gone != generation_) {
        return false;
    }
    try {
        throw;
    } catch (const TlsError&) {
        return true;
    } catch (const std::system_error& e) {
        const std::error_code code = e.code();
        return code == std::errc::connection_reset || code == std::errc::broken_pipe ||
               (code == std::errc::timed_out && dynamic_cast<const TimeoutError*>(&e) == nullptr);
    } catch (...) {
        return false;
    }
}

}  // namespace tendril::detail
