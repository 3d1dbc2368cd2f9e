// No client: it does not include the API's header.
int nothing_here;
