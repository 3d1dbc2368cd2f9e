/* Results that several libraries share. */
#ifndef DREXT_H
#define DREXT_H

typedef enum {
  DREXT_SUCCESS,
  DREXT_ERROR,
  DREXT_ERROR_INCOMPATIBLE_STATE,
  DREXT_ERROR_NOT_IMPLEMENTED
} drext_status_t;

#endif
