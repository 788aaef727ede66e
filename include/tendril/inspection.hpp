// SPDX-License-Identifier: MIT
// Floor: hub
//
// Inspection: what a process shows of itself to `tendril top`, to a browser, to curl: the snapshots of its hubs as
// JSON. It can be seen in two ways:
//
//   - over HTTP, where a server mounts http::InspectPages (tendril/http/inspect.hpp);
//   - at a Unix-domain socket of the process, if TENDRIL_INSPECT=1 is in its environment, or after open_inspection().
//     Its address is abstract, "@tendril/<user>/<process>"; it belongs to an OS thread that waits for nothing else, so
//     it answers also while all hubs compute. Only the user that runs the process, and root, are let in. It is closed
//     unless asked for, because it shows names and places of the program, and costs an OS thread.
//
//     $ TENDRIL_INSPECT=1 ./server &
//     $ tendril top $!
//     $ curl --abstract-unix-socket tendril/$(id -u)/$! http://localhost/snapshot.json   # or /metrics
//
// The JSON, in which members may be added but none is renamed: {"process": {...}, "hubs": [...], "groups": [...],
// "greenlets": [...], "descriptors": [...], "watchers": [...], "metrics": [...]}. Times are in seconds. A group counts
// the green threads that do the same, wait in the same call and were spawned at the same place.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/snapshot.hpp>

namespace tendril {

// What the JSON lists. Groups and totals always count all.
struct InspectionQuery {
    // What green threads are sorted by.
    enum class Order : std::uint8_t { waited, id, name, stack, call };  // `waited`: the longest wait first
    Order order = Order::waited;                                        // the key
    bool reverse = false;                                               // the last first
    std::size_t most = 1000;     // green threads at most; of descriptors and watchers, too
    std::string filter = {};     // only green threads with this text in their name, call, place, state or id
    std::uint64_t greenlet = 0;  // the green thread whose backtrace is wanted; it comes first. 0: of none

    // Reads one as it is in a URL: "order=waited&reverse=1&most=100&filter=recv&greenlet=17".
    // Throws: std::invalid_argument, naming the part that it cannot be.
    static InspectionQuery parse(std::string_view query);
    // What to ask the hubs for.
    SnapshotOptions snapshot_options() const;
};

// Any OS thread. Never yields. Throws: std::bad_alloc. Cost: about a microsecond for each green thread, and as much
// again for each one listed.
std::string to_json(const std::vector<HubSnapshot>& hubs, const InspectionQuery& query = {});

// Opens the process's socket, unless it is open. It stays open to the end of the process. Any OS thread.
// Returns: its address, as Address::parse() takes it. Throws: std::system_error if the system refuses it.
std::string open_inspection();

}  // namespace tendril
