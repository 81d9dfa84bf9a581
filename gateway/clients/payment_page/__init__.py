"""The payment page: hosted form `vads_` V2 of PayZen/Lyra (Systempay, Sogecommerce, Scellius …). Opens no socket."""
