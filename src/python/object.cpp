// SPDX-License-Identifier: MIT

#include "python/object.hpp"

namespace tendril::python {

PyTypeObject* add_subtype(PyObject* module, const char* name, PyTypeObject* base,
                          std::initializer_list<PyType_Slot> slots) noexcept {
    std::vector<PyType_Slot> all(slots);
    all.push_back({0, nullptr});
    PyType_Spec spec = {name, 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, all.data()};
    return add_type(module, spec, base);
}

PyObject* describe(PyObject* self, const char* words, std::size_t number) noexcept {
    const Ref name = Ref::taken(PyType_GetName(Py_TYPE(self)));
    return name ? PyUnicode_FromFormat("<%U at %p %s%zu>", name.get(), self, words, number) : nullptr;
}

}  // namespace tendril::python
