#include "core/annotations.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/annotation_places.h"
#include "core/clean_call.h"
#include "core/room.h"

namespace weft::dynamorio {
namespace {

using RequestCallback = ptr_uint_t (*)(dr_vg_client_request_t*);

struct Annotation {
  bool returns = false;  ///< `value`, without a call
  void* value = nullptr;
  std::vector<void*> callees;  ///< the last that was registered first
  uint arguments = 0;
  bool passes_pc = false;
  bool is_free() const { return !returns && callees.empty(); }
};

struct Registered {
  std::mutex mutex;
  std::map<std::string, Annotation, std::less<>> annotations;              ///< under mutex
  std::array<std::vector<RequestCallback>, DR_VG_ID__LAST> requests = {};  ///< under mutex
};

ptr_uint_t is_running(dr_vg_client_request_t*) { return 1; }

/// What the runtime itself answers is there from the start.
Registered& registered() {
  static Registered& all = *[] {
    auto* const made = new Registered;
    Annotation runs;
    runs.returns = true;
    runs.value = reinterpret_cast<void*>(1);
    made->annotations.emplace("dynamorio_annotate_running_on_dynamorio", runs);
    made->requests[DR_VG_ID__RUNNING_ON_VALGRIND].push_back(is_running);
    return made;
  }();
  return all;
}

Annotation find(std::string_view name) {
  const std::lock_guard held(registered().mutex);
  const auto found = registered().annotations.find(name);
  return found == registered().annotations.end() ? Annotation{} : found->second;
}

constexpr ptr_uint_t kMemcheck = 0x4D430000;

/// As Valgrind's headers number the requests.
dr_valgrind_request_id_t request_of(ptr_uint_t number) {
  switch (number) {
    case 0x1001:
      return DR_VG_ID__RUNNING_ON_VALGRIND;
    case 0x1002:
      return DR_VG_ID__DISCARD_TRANSLATIONS;
    case 0x1301:
      return DR_VG_ID__MALLOCLIKE_BLOCK;
    case 0x1302:
      return DR_VG_ID__FREELIKE_BLOCK;
    case kMemcheck + 1:
      return DR_VG_ID__MAKE_MEM_UNDEFINED;
    case kMemcheck + 2:
      return DR_VG_ID__MAKE_MEM_DEFINED;
    case kMemcheck + 4:
      return DR_VG_ID__CHECK_MEM_IS_ADDRESSABLE;
    case kMemcheck + 5:
      return DR_VG_ID__CHECK_MEM_IS_DEFINED;
    case kMemcheck + 6:
      return DR_VG_ID__DO_LEAK_CHECK;
    case kMemcheck + 11:
      return DR_VG_ID__MAKE_MEM_DEFINED_IF_ADDRESSABLE;
    default:
      return DR_VG_ID__LAST;
  }
}

/// A clean call: `where` is the request in the program's memory, its result goes to rdx.
void answer_request(Address where) {
  Process& process = Room::get().process();
  dr_vg_client_request_t request{};
  if (process.read_memory(where, &request, sizeof request) != sizeof request) return;
  const dr_valgrind_request_id_t id = request_of(request.request);
  ptr_uint_t result = request.default_result;
  if (id != DR_VG_ID__LAST) {
    std::vector<RequestCallback> callbacks;
    {
      const std::lock_guard held(registered().mutex);
      callbacks = registered().requests[id];
    }
    for (const RequestCallback each : callbacks) result = each(&request);
  }
  Context::current()->thread->context().set(Register::kRdx, result);
}

/// A clean call in front of those of an annotation.
void keep_pc(Address pc) { dr_write_saved_reg(dr_get_current_drcontext(), SPILL_SLOT_2, pc); }

opnd_t argument(uint number) {
  constexpr std::array<reg_id_t, 6> kInRegisters = {DR_REG_XDI, DR_REG_XSI, DR_REG_XDX,
                                                    DR_REG_XCX, DR_REG_R8,  DR_REG_R9};
  if (number < kInRegisters.size()) return opnd_create_reg(kInRegisters[number]);
  // Ahead of them are the return address and the caller's frame pointer.
  constexpr uint kAhead = 2;
  const auto slot = static_cast<int>(number - kInRegisters.size() + kAhead);
  return OPND_CREATE_MEMPTR(DR_REG_XSP, slot * static_cast<int>(sizeof(ptr_uint_t)));
}

app_pc pointer(Address address) { return reinterpret_cast<app_pc>(address); }

void put(instrlist_t* list, instr_t* where, Address translation, instr_t* instruction) {
  instr_set_translation(instruction, pointer(translation));
  instrlist_preinsert(list, where, instruction);
}

/// The annotation's function: its calls, or the value that it returns.
void answer(void* drcontext, instrlist_t* list, instr_t* where, const AnnotationPlace& place) {
  const Annotation annotation = find(place.name);
  // A client that looks at the list sees that the register is written.
  const auto value = reinterpret_cast<ptr_int_t>(annotation.returns ? annotation.value : nullptr);
  put(list, where, place.end,
      INSTR_CREATE_mov_imm(drcontext, opnd_create_reg(DR_REG_XAX), OPND_CREATE_INT64(value)));
  for (void* const callee : annotation.callees) {
    if (annotation.passes_pc) {
      insert_call(drcontext, list, where,
                  {reinterpret_cast<void*>(keep_pc), {OPND_CREATE_INTPTR(place.inside)}});
    }
    CallRecord call{callee, {}};
    for (uint i = 0; i < annotation.arguments; ++i) call.arguments.push_back(argument(i));
    insert_call(drcontext, list, where, std::move(call));
  }
}

/// The block goes on inside the annotation, not behind it.
void answer_at_end(void* drcontext, instrlist_t* list) {
  instr_t* const last = instrlist_last(list);
  if (last == nullptr || instr_get_opcode(last) != OP_jmp_short) return;
  const auto pc = reinterpret_cast<Address>(instr_get_app_pc(last));
  const auto place = annotation_at(Room::get().process(), pc);
  if (!place) return;
  if (!place->is_call) answer(drcontext, list, last, *place);
  // In the jump's place, so that the list has an instruction of the program's in any case.
  put(list, last, pc, INSTR_CREATE_nop(drcontext));
  instrlist_remove(list, last);
  instr_destroy(drcontext, last);
  instrlist_set_fall_through_target(list, pointer(place->inside));
}

/// Rotations that were made in a block before this one are completed.
void remove_rotations(void* drcontext, instrlist_t* list, instr_t* exchange) {
  std::vector<instr_t*> rotations;
  for (instr_t* each = instr_get_prev(exchange);
       each != nullptr && rotations.size() < kRotations && instr_get_opcode(each) == OP_rol;
       each = instr_get_prev(each)) {
    rotations.push_back(each);
  }
  if (rotations.size() < kRotations) return;
  for (instr_t* const each : rotations) {
    instrlist_remove(list, each);
    instr_destroy(drcontext, each);
  }
}

void answer_requests(void* drcontext, instrlist_t* list) {
  for (instr_t* each = instrlist_first(list); each != nullptr;) {
    instr_t* const next = instr_get_next(each);
    const auto pc = reinterpret_cast<Address>(instr_get_app_pc(each));
    if (instr_get_opcode(each) == OP_xchg && ends_request(Room::get().process(), pc)) {
      remove_rotations(drcontext, list, each);
      put(list, each, pc,
          INSTR_CREATE_mov_imm(drcontext, opnd_create_reg(DR_REG_EDX), OPND_CREATE_INT32(0)));
      insert_call(drcontext, list, each,
                  {reinterpret_cast<void*>(answer_request), {opnd_create_reg(DR_REG_XAX)}});
      instrlist_remove(list, each);
      instr_destroy(drcontext, each);
    }
    each = next;
  }
}

bool is_request(dr_valgrind_request_id_t id) {
  return id >= DR_VG_ID__RUNNING_ON_VALGRIND && id < DR_VG_ID__LAST;
}

}  // namespace

bool may_be_annotated(const InstructionList& block) {
  if (begins_annotation(block[block.size() - 1].pc())) return true;
  for (size_t i = 0; i < block.size(); ++i) {
    if (is_exchange(block[i].pc())) return true;
  }
  return false;
}

void answer_annotations(void* drcontext, instrlist_t* list) {
  answer_requests(drcontext, list);
  answer_at_end(drcontext, list);
}

}  // namespace weft::dynamorio

using namespace weft::dynamorio;

extern "C" {

bool dr_annotation_register_call(const char* annotation_name, void* callee, bool, uint num_args,
                                 dr_annotation_calling_convention_t) {
  const std::lock_guard held(registered().mutex);
  Annotation& annotation = registered().annotations[annotation_name];
  if (annotation.returns) return false;
  if (annotation.callees.empty()) annotation.arguments = num_args;
  annotation.callees.insert(annotation.callees.begin(), callee);
  return true;
}

bool dr_annotation_unregister_call(const char* annotation_name, void* callee) {
  const std::lock_guard held(registered().mutex);
  const auto found = registered().annotations.find(annotation_name);
  if (found == registered().annotations.end()) return false;
  std::vector<void*>& callees = found->second.callees;
  const auto at = std::find(callees.begin(), callees.end(), callee);
  if (at == callees.end()) return false;
  callees.erase(at);
  return true;
}

bool dr_annotation_register_return(const char* annotation_name, void* return_value) {
  const std::lock_guard held(registered().mutex);
  Annotation& annotation = registered().annotations[annotation_name];
  if (!annotation.is_free()) return false;
  annotation.returns = true;
  annotation.value = return_value;
  return true;
}

bool dr_annotation_unregister_return(const char* annotation_name) {
  const std::lock_guard held(registered().mutex);
  const auto found = registered().annotations.find(annotation_name);
  if (found == registered().annotations.end() || !found->second.returns) return false;
  found->second.returns = false;
  return true;
}

bool dr_annotation_pass_pc(const char* annotation_name) {
  const std::lock_guard held(registered().mutex);
  const auto found = registered().annotations.find(annotation_name);
  if (found == registered().annotations.end() || found->second.callees.empty()) return false;
  found->second.passes_pc = true;
  return true;
}

bool dr_annotation_register_valgrind(
    dr_valgrind_request_id_t request_id,
    ptr_uint_t (*annotation_callback)(dr_vg_client_request_t* request)) {
  if (!is_request(request_id)) return false;
  const std::lock_guard held(registered().mutex);
  std::vector<RequestCallback>& callbacks = registered().requests[request_id];
  callbacks.insert(callbacks.begin(), annotation_callback);
  return true;
}

bool dr_annotation_unregister_valgrind(
    dr_valgrind_request_id_t request_id,
    ptr_uint_t (*annotation_callback)(dr_vg_client_request_t* request)) {
  if (!is_request(request_id)) return false;
  const std::lock_guard held(registered().mutex);
  std::vector<RequestCallback>& callbacks = registered().requests[request_id];
  const auto at = std::find(callbacks.begin(), callbacks.end(), annotation_callback);
  if (at == callbacks.end()) return false;
  callbacks.erase(at);
  return true;
}

}  // extern "C"
