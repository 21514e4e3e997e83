"""What keeps last digits: kernels on raw arrays, and the ops made of them. It knows no distribution."""
