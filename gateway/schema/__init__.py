"""What can be asked: one module a noun. Types describe models; the values are the models themselves."""
