"""How each fetching field is answered: (context, parent model, arguments) to models.

Annotations of functions within functions are quoted: they would be worked out anew for each request.
"""
