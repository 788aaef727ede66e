// SPDX-License-Identifier: MIT
//
// ending(): how a call of tendril::amqp ended, in a word, for tests that compare the ends of many orders.

#pragma once

#include <string>

#include <tendril/amqp/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/queue_error.hpp>
#include <tendril/timeout.hpp>

namespace tendril::amqp::testing {

// Throws: what has no word here.
template <class F>
std::string ending(F f) {
    try {
        f();
        return "done";
    } catch (const Nacked&) {
        return "nacked";
    } catch (const Unconfirmed&) {
        return "unconfirmed";
    } catch (const TimeoutError&) {
        return "late";
    } catch (const ConnectionLost&) {
        return "lost";
    } catch (const ShutDown&) {
        return "shut down";
    } catch (const Timeout::Expired&) {
        return "expired";
    } catch (const GreenletExit&) {
        return "killed";
    }
}

}  // namespace tendril::amqp::testing
