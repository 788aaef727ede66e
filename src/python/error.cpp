// SPDX-License-Identifier: MIT

#include "python/error.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include <tendril/queue_error.hpp>

#include "python/alarm.hpp"
#include "python/greenlet.hpp"
#include "python/state.hpp"

namespace tendril::python {

Errors errors;

namespace {

int add_error(PyObject* module, PyObject*& error, const char* name, const char* doc, PyObject* base) {
    const std::string full = std::string("tendril.") + name;
    error = PyErr_NewExceptionWithDoc(full.c_str(), doc, base, nullptr);
    return error == nullptr ? -1 : PyModule_AddObjectRef(module, name, error);
}

void set_os_error(const std::system_error& error) {
    const int number = error.code().value();
    if (error.code().category() != std::generic_category() && error.code().category() != std::system_category()) {
        PyErr_SetString(PyExc_OSError, error.what());
        return;
    }
    const Ref arguments = Ref::taken(Py_BuildValue("(is)", number, error.what()));
    if (arguments) {
        PyErr_SetObject(PyExc_OSError, arguments.get());  // becomes ConnectionResetError and so on by its number
    }
}

// What LoopExit says, for readers of Python: without this floor's own watcher, and its places in C++.
std::string without_own_places(const std::string& text) {
    std::string told;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        at = end + 1;
        if (const std::size_t own = line.find("src/python/"); own != std::string::npos) {
            const std::size_t from = line.rfind(" at ", own);
            if (line.find_first_not_of(' ') == line.find("Io,") || from == std::string::npos) {
                continue;
            }
            line.erase(from, line.find(' ', own) - from);
        }
        for (std::size_t i = 0; (i = line.find("::", i)) != std::string::npos;) {
            line.replace(i, 2, ".");
        }
        told += (told.empty() ? "" : "\n") + line;
    }
    return told;
}

// The exception that an Alarm or a kill has left for the running green thread.
void set_raised(const Raise& raise) {
    State* const here = State::here();
    if (here == nullptr) {
        return;
    }
    if (raise.alarm != nullptr) {
        const Ref error = take_error(*raise.alarm);
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
        return;
    }
    const Ref error = here->greenlet != nullptr ? take_kill(*here->greenlet) : Ref();
    if (error) {
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
    } else {
        PyErr_SetNone(errors.greenlet_exit);
    }
}

}  // namespace

int add_errors(PyObject* module) noexcept {
    const Ref queue = Ref::taken(PyImport_ImportModule("queue"));
    if (!queue) {
        return -1;
    }
    errors.empty = PyObject_GetAttrString(queue.get(), "Empty");
    errors.full = PyObject_GetAttrString(queue.get(), "Full");
    if (errors.empty == nullptr || errors.full == nullptr) {
        return -1;
    }
    struct {
        PyObject*& error;
        const char* name;
        const char* doc;
        PyObject* base;
    } const all[] = {
        {errors.greenlet_exit, "GreenletExit",
         "What kill() raises in a green thread. One that ends by it has ended well.", PyExc_BaseException},
        {errors.loop_exit, "LoopExit",
         "The main green thread waits, and nothing is left that could wake it. Lists who waits for what.",
         PyExc_RuntimeError},
        {errors.hub_blocked, "HubBlocked",
         "A callback that runs in the hub tried to wait. It must spawn a green thread for that.", PyExc_RuntimeError},
        {errors.wrong_thread, "WrongThread", "An object was used in another OS thread than its own.",
         PyExc_RuntimeError},
        {errors.killed, "GreenletKilled", "get() of a green thread that was killed.", PyExc_RuntimeError},
        {errors.shut_down, "ShutDown", "put() or get() of a queue that was shut down.", PyExc_RuntimeError},
    };
    for (const auto& each : all) {
        if (add_error(module, each.error, each.name, each.doc, each.base) != 0) {
            return -1;
        }
    }
    return 0;
}

Ref take_python_error() noexcept {
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != nullptr) {
        PyException_SetTraceback(value, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return Ref::taken(value);
}

void set_python_error(PyObject* error) noexcept {
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error)), error);
}

void set_error() noexcept {
    try {
        throw;
    } catch (const Raise& raise) {
        set_raised(raise);
    } catch (const GreenletExit&) {
        PyErr_SetNone(errors.greenlet_exit);
    } catch (const KeyboardInterrupt&) {
        PyErr_SetNone(PyExc_KeyboardInterrupt);
    } catch (const Empty&) {
        PyErr_SetNone(errors.empty);
    } catch (const Full&) {
        PyErr_SetNone(errors.full);
    } catch (const ShutDown& error) {
        PyErr_SetString(errors.shut_down, error.what());
    } catch (const LoopExit& error) {
        PyErr_SetString(errors.loop_exit, without_own_places(error.what()).c_str());
    } catch (const HubBlocked& error) {
        PyErr_SetString(errors.hub_blocked, error.what());
    } catch (const WrongThread& error) {
        const std::string text = error.what();  // its advice is for C++
        PyErr_Format(errors.wrong_thread, "%s; between OS threads use a tendril.ThreadPool or a queue.SimpleQueue",
                     text.substr(0, text.find("; between OS threads")).c_str());
    } catch (const GreenletKilled& error) {
        PyErr_SetString(errors.killed, error.what());
    } catch (const TimeoutError& error) {
        PyErr_SetString(PyExc_TimeoutError, error.what());
    } catch (const std::system_error& error) {
        set_os_error(error);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::invalid_argument& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    } catch (const Interrupt& interrupt) {
        PyErr_SetString(PyExc_RuntimeError, interrupt.what());
    } catch (...) {
        PyErr_SetString(PyExc_SystemError, "tendril: an unknown C++ exception");
    }
}

}  // namespace tendril::python
