#include "core/annotations.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/annotation_places.h"
#include "core/clean_call.h"
#include "core/inserted_code.h"
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

void* const kNote = reinterpret_cast<void*>(DR_NOTE_ANNOTATION);

bool is_label(instr_t* each) { return instr_is_label(each) && instr_get_note(each) == kNote; }
/// What stands for the writing of the result while clients look at the list.
bool is_result(instr_t* each) { return !instr_is_label(each) && instr_get_note(each) == kNote; }

void put_result(void* drcontext, instrlist_t* list, instr_t* where, Address translation,
                reg_id_t reg) {
  instr_t* const result = INSTR_CREATE_mov_imm(drcontext, opnd_create_reg(reg),
                                               opnd_create_immed_int(0, reg_get_size(reg)));
  instr_set_note(result, kNote);
  put(list, where, translation, result);
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
    take_out(drcontext, list, each);
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

void BlockAnnotations::answer(void* drcontext, instrlist_t* list) {
  answer_requests(drcontext, list);
  answer_end(drcontext, list);
}

void BlockAnnotations::put_label(void* drcontext, instrlist_t* list, instr_t* where,
                                 std::vector<CallRecord> calls) {
  instr_t* const label = INSTR_CREATE_label(drcontext);
  instr_set_note(label, kNote);
  calls_.push_back(std::move(calls));
  instr_get_label_data_area(label)->data[0] = reinterpret_cast<ptr_uint_t>(&calls_.back());
  instrlist_meta_preinsert(list, where, label);
}

/// The annotation's function: its calls, or the value that it returns.
void BlockAnnotations::answer_call(void* drcontext, instrlist_t* list, instr_t* where,
                                   const AnnotationPlace& place) {
  const Annotation annotation = find(place.name);
  if (annotation.callees.empty()) {
    const auto value = reinterpret_cast<ptr_int_t>(annotation.returns ? annotation.value : nullptr);
    put(list, where, place.end,
        INSTR_CREATE_mov_imm(drcontext, opnd_create_reg(DR_REG_XAX), OPND_CREATE_INT64(value)));
    return;
  }
  std::vector<CallRecord> calls;
  for (void* const callee : annotation.callees) {
    if (annotation.passes_pc) {
      calls.push_back({reinterpret_cast<void*>(keep_pc), {OPND_CREATE_INTPTR(place.inside)}});
    }
    CallRecord& call = calls.emplace_back(CallRecord{callee, {}});
    for (uint i = 0; i < annotation.arguments; ++i) call.arguments.push_back(argument(i));
  }
  put_label(drcontext, list, where, std::move(calls));
  put_result(drcontext, list, where, place.end, DR_REG_XAX);
}

/// The block goes on inside the annotation, not behind it.
void BlockAnnotations::answer_end(void* drcontext, instrlist_t* list) {
  instr_t* const last = instrlist_last(list);
  if (last == nullptr || instr_get_opcode(last) != OP_jmp_short) return;
  const auto pc = reinterpret_cast<Address>(instr_get_app_pc(last));
  auto place = annotation_at(Room::get().process(), pc);
  if (!place) return;
  if (!place->is_call) answer_call(drcontext, list, last, *place);
  // In the jump's place, so that the list has an instruction of the program's in any case.
  put(list, last, pc, INSTR_CREATE_nop(drcontext));
  take_out(drcontext, list, last);
  instrlist_set_fall_through_target(list, pointer(place->inside));
  end_ = std::move(*place);
  jump_ = pc;
}

void BlockAnnotations::answer_requests(void* drcontext, instrlist_t* list) {
  for (instr_t* each = instrlist_first(list); each != nullptr;) {
    instr_t* const next = instr_get_next(each);
    const auto pc = reinterpret_cast<Address>(instr_get_app_pc(each));
    if (instr_get_opcode(each) == OP_xchg && ends_request(Room::get().process(), pc)) {
      remove_rotations(drcontext, list, each);
      put_label(drcontext, list, each,
                {{reinterpret_cast<void*>(answer_request), {opnd_create_reg(DR_REG_XAX)}}});
      put_result(drcontext, list, each, pc, DR_REG_EDX);
      take_out(drcontext, list, each);
    }
    each = next;
  }
}

/// What a label stands for, in front of it, if what writes the result is still behind it.
void BlockAnnotations::settle_label(void* drcontext, instrlist_t* list, instr_t* label) {
  // Up to the next label: the client may have copied the list into several parts of the block.
  instr_t* result = instr_get_next(label);
  while (result != nullptr && !is_label(result) && !is_result(result)) {
    result = instr_get_next(result);
  }
  if (result == nullptr || !is_result(result)) return;
  const ptr_uint_t calls = instr_get_label_data_area(label)->data[0];
  for (const CallRecord& call : *reinterpret_cast<std::vector<CallRecord>*>(calls)) {
    insert_call(drcontext, list, label, call);
  }
  // From here to there the register may be the client's.
  const opnd_t kept = dr_raw_tls_opnd(drcontext, DR_SEG_GS, Room::get().slots().result());
  const opnd_t given =
      opnd_create_reg(reg_to_pointer_sized(opnd_get_reg(instr_get_dst(result, 0))));
  instrlist_meta_preinsert(list, label, INSTR_CREATE_mov_st(drcontext, kept, given));
  instrlist_meta_preinsert(list, result, INSTR_CREATE_mov_ld(drcontext, given, kept));
}

void BlockAnnotations::settle(void* drcontext, instrlist_t* list) {
  if (calls_.empty() && jump_ == 0) return;
  for (instr_t* each = instrlist_first(list); each != nullptr;) {
    instr_t* const next = instr_get_next(each);
    if (is_label(each)) {
      settle_label(drcontext, list, each);
      take_out(drcontext, list, each);
    } else if (is_result(each)) {
      // It has been loaded. A list without any instruction of the program's has no place.
      const auto pc = reinterpret_cast<Address>(instr_get_app_pc(each));
      put(list, each, pc, INSTR_CREATE_nop(drcontext));
      take_out(drcontext, list, each);
    }
    each = next;
  }
  if (jump_ == 0 || instrlist_get_fall_through_target(list) != pointer(end_.inside)) return;
  instr_t* const last = instrlist_last_app(list);
  const Address at = last == nullptr ? 0 : reinterpret_cast<Address>(instr_get_translation(last));
  // Cut off before the annotation: the program goes on where the client has cut.
  if (at != jump_ && at != end_.end) instrlist_set_fall_through_target(list, nullptr);
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
