/* Results of calls that concern a running process. */
#ifndef DR_CONFIG_H
#define DR_CONFIG_H

#define DR_MAX_OPTIONS_LENGTH 2048

typedef enum {
  DR_SUCCESS,
  DR_PROC_REG_EXISTS,
  DR_PROC_REG_INVALID,
  DR_PRIORITY_INVALID,
  DR_ID_CONFLICTING,
  DR_ID_INVALID,
  DR_FAILURE,
  DR_NUDGE_PID_NOT_INJECTED,
  DR_NUDGE_TIMEOUT,
  DR_CONFIG_STRING_TOO_LONG,
  DR_CONFIG_FILE_WRITE_FAILED,
  DR_NUDGE_PID_NOT_FOUND,
  DR_CONFIG_OPTIONS_INVALID,
  DR_CONFIG_DIR_NOT_FOUND,
  DR_CONFIG_INVALID_PARAMETER,
  DR_CONFIG_CLIENT_NOT_FOUND,
} dr_config_status_t;

#ifdef __cplusplus
extern "C" {
#endif
/** In words; of what is no status, that. */
const char* dr_config_status_code_to_string(dr_config_status_t code);
#ifdef __cplusplus
}
#endif

#endif
