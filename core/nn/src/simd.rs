//! Vector mathematics shared by the kernels, generic over the instruction set.
