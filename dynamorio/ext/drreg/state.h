// What drreg knows of the registers at the place where insertions are made. One a thread; starts
// anew with each block.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/register_homes.h"
#include "drreg.h"

namespace weft::dynamorio::drreg {

inline constexpr size_t kRegisters = DR_REG_STOP_GPR - DR_REG_START_GPR + 1;
inline constexpr uint kArithmetic = EFLAGS_READ_ARITH;

constexpr size_t index_of(reg_id_t reg) { return static_cast<size_t>(reg - DR_REG_START_GPR); }
constexpr reg_id_t reg_at(size_t index) { return static_cast<reg_id_t>(DR_REG_START_GPR + index); }

/// One register. `native`: it holds the program's value, or one that the program does not need.
struct RegisterState {
  bool in_use = false;  ///< reserved
  bool native = true;
  uint32_t slot = 0;  ///< where the program's value is if it is not native; 0: it is dead
  /// In use and dead: a slot for a value that the program may yet write. 0: there was none free.
  uint32_t spare = 0;
};

struct FlagsState {
  enum class Place : uint8_t { kNative, kXax, kSlot, kDead };
  bool in_use = false;
  Place place = Place::kNative;
  uint32_t slot = 0;  ///< kSlot: lahf's and seto's words
};

/// Which registers and flags the program reads from an instruction on before it writes them.
struct Liveness {
  uint16_t dead = 0;                            ///< bit i: register i is written before it is read
  uint dead_flags = 0;                          ///< EFLAGS_READ_ bits
  std::array<uint16_t, kRegisters> distance{};  ///< instructions to the first use
};
Liveness liveness_at(instr_t* where);
/// A label at which all registers and flags hold the program's values.
bool is_barrier(instr_t* instruction);

class State {
 public:
  /// Of the calling thread.
  static State& get();
  void start_block();

  std::array<RegisterState, kRegisters> registers;
  FlagsState flags;
  unsigned properties = 0;
  bool eager = false;  ///< nothing stays saved from one instruction to the next

  /// Tells what a fault behind this has to put back.
  void note(void* drcontext, instrlist_t* list, instr_t* where);
  /// A slot that is free, 0 if there is none.
  uint32_t take_slot();
  void give_slot(uint32_t slot);

 private:
  std::vector<uint32_t> free_slots_;
  Homes noted_;
};

/// Slots of all users together.
std::vector<uint32_t> all_slots();
bool is_conservative();
/// What the users' callbacks say of an error; without one, a line and the end of the process.
drreg_status_t report(drreg_status_t status, const char* what);

/// Inserted code.
void save_to(void* drcontext, instrlist_t* list, instr_t* where, reg_id_t reg, uint32_t slot);
void load_from(void* drcontext, instrlist_t* list, instr_t* where, reg_id_t reg, uint32_t slot);

/// Puts the program's value back into the register, or the flags, which are not in use.
void restore_register(void* drcontext, instrlist_t* list, instr_t* where, size_t index);
void restore_flags(void* drcontext, instrlist_t* list, instr_t* where);
/// If the flags are kept in xax: into a slot instead. False: there is none.
bool move_flags_out_of_xax(void* drcontext, instrlist_t* list, instr_t* where);

void start_events();
void stop_events();
void start_calls();
void stop_calls();

}  // namespace weft::dynamorio::drreg
