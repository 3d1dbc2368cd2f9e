/* All that a client of the core includes. */
#ifndef DR_API_H
#define DR_API_H

#include "dr_annotation.h"
#include "dr_config.h"
#include "dr_defines.h"
#include "dr_events.h"
#include "dr_files.h"
#include "dr_fragments.h"
#include "dr_ir_decode.h"
#include "dr_ir_disassemble.h"
#include "dr_ir_encode.h"
#include "dr_ir_instr.h"
#include "dr_ir_instrlist.h"
#include "dr_ir_macros.h"
#include "dr_ir_opcodes.h"
#include "dr_ir_opnd.h"
#include "dr_ir_utils.h"
#include "dr_modules.h"
#include "dr_os_utils.h"
#include "dr_proc.h"
#include "dr_tools.h"
#include "dr_tracedump.h"

#define DYNAMORIO_API

/* The version of the API: 100 times the major number, and the minor. */
#define DR_API_VERSION_NUMBER 1191
#ifndef DYNAMORIO_INTERNAL
#ifdef __cplusplus
extern "C" {
#endif
/* By which a client is known, and refused if it was built for another version. */
DR_EXPORT LINK_ONCE int _USES_DR_VERSION_ = DR_API_VERSION_NUMBER;
/* A client's start: its number, and its arguments with its path in front. */
DR_EXPORT void dr_client_main(client_id_t id, int argc, const char* argv[]);
DR_EXPORT void dr_init(client_id_t id);
#ifdef __cplusplus
}
#endif
#endif
#endif
